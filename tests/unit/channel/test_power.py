"""The limit of the power of one resource element, and PAPR."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.channel.power import limit_elements, normalise_block, peak_to_average_db

PEAKS = {"element": 1.0, "peak3db": 2.0}


def _powers(streams: torch.Tensor, precoder: torch.Tensor) -> torch.Tensor:
    return torch.einsum("bas,btns->btna", precoder, streams).abs().square().sum(dim=-1)


@settings(max_examples=40, deadline=None)
@given(limit=st.sampled_from(["element", "peak3db"]), spread=st.floats(0, 3), seed=st.integers(0, 999))
def test_no_element_exceeds_the_limit_and_the_block_keeps_its_energy(
    limit: str, spread: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    precoder = torch.polar(torch.ones(4, 8, 2), 6.3 * torch.rand(4, 8, 2, generator=generator))
    streams = torch.randn(4, 3, 16, 2, generator=generator, dtype=torch.complex64)
    streams = streams * torch.exp(spread * torch.randn(4, 3, 16, 1, generator=generator))
    power = _powers(normalise_block(streams, precoder, element_power=limit), precoder)
    assert float(power.max()) <= PEAKS[limit] * (1 + 1e-4)
    assert power.sum(dim=(1, 2)).tolist() == pytest.approx([48.0] * 4, rel=1e-3)


def test_elements_below_the_limit_keep_their_ratios_and_every_element_its_phase() -> None:
    streams = torch.tensor([[[[3j], [1.0], [0.5], [0.5]]]]) + 0j
    limited = limit_elements(streams, torch.ones(1, 1, 1) + 0j, 4.0, "peak3db").flatten()
    torch.testing.assert_close(limited.abs().square(), torch.tensor([2, 4 / 3, 1 / 3, 1 / 3]))
    torch.testing.assert_close(limited.angle(), streams.flatten().angle())


def test_a_block_that_respects_the_limit_already_is_only_scaled() -> None:
    generator = torch.Generator().manual_seed(1)
    streams = torch.polar(torch.ones(2, 2, 8, 1), 6.3 * torch.rand(2, 2, 8, 1, generator=generator))
    precoder = torch.ones(2, 4, 1) + 0j
    for limit in PEAKS:
        torch.testing.assert_close(
            normalise_block(streams, precoder, element_power=limit), normalise_block(streams, precoder)
        )


@pytest.mark.parametrize("limit", PEAKS)
def test_silent_elements_stay_silent_and_their_energy_goes_as_far_as_the_limit_allows(limit: str) -> None:
    streams = torch.zeros(1, 1, 8, 1) + 0j
    streams[..., :2, :] = 1
    power = _powers(limit_elements(streams, torch.ones(1, 1, 1) + 0j, 8.0, limit), torch.ones(1, 1, 1) + 0j)
    assert power.flatten().tolist() == pytest.approx([PEAKS[limit]] * 2 + [0.0] * 6)


def test_a_limited_block_has_a_gradient() -> None:
    generator = torch.Generator().manual_seed(2)
    streams = torch.randn(2, 3, 8, 1, generator=generator, dtype=torch.complex64, requires_grad=True)
    weights = torch.randn(2, 3, 8, 1, generator=generator)
    for limit in PEAKS:
        sent = normalise_block(streams, torch.ones(2, 4, 1) + 0j, element_power=limit)
        (gradient,) = torch.autograd.grad((weights * sent.real).sum(), streams)
        assert bool(torch.view_as_real(gradient).isfinite().all())
        assert float(gradient.abs().max()) > 0


def test_papr_of_one_subcarrier_is_0_db_and_of_all_in_phase_is_their_number() -> None:
    one = torch.zeros(1, 1, 16, 1) + 0j
    one[..., 3, :] = 2
    precoder = torch.ones(1, 2, 1) + 0j
    assert peak_to_average_db(one, precoder).flatten().tolist() == pytest.approx([0.0, 0.0], abs=1e-4)
    everything = torch.ones(1, 1, 16, 1) + 0j
    assert float(peak_to_average_db(everything, precoder).max()) == pytest.approx(
        10 * math.log10(16), abs=1e-3
    )
