"""Linear MMSE detection and the rates after it, against brute-force references."""

import numpy as np
import pytest
import torch

from cscsanet.baselines.front_ends import perfect_csi
from cscsanet.baselines.mmse_detection import detect, detected_se
from cscsanet.channel.response import effective_channel
from cscsanet.config.operating_point import OperatingPoint


def case(seed=2, users=2, chains=2, batch=3, elements=5):
    source = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(shape, generator=source, dtype=torch.complex64)

    combiner = torch.polar(
        torch.ones(batch, chains, 16), 6.28 * torch.rand(batch, chains, 16, generator=source)
    )
    channel = normal(batch, users, elements, chains)
    error = torch.rand(batch, users, elements, chains, generator=source)
    return normal(batch, elements, chains), channel, error, 0.05 * combiner @ combiner.mH


@pytest.mark.parametrize(("users", "chains"), [(2, 2), (2, 3), (1, 2), (3, 2)])
def test_it_is_the_conditional_mean_of_a_jointly_gaussian_model(users, chains):
    """E[s | y] = C_sy C_yy^-1 y, computed element by element in double precision."""
    received, channel, error, noise = case(users=users, chains=chains)
    result = detect(received, channel, error, noise)
    for b in range(3):
        for d in range(5):
            mixing = channel[b, :, d].numpy().astype(complex).T
            covariance = mixing @ mixing.conj().T + noise[b].numpy().astype(complex)
            covariance += np.diag(error[b, :, d].sum(dim=0).numpy())
            expected = mixing.conj().T @ np.linalg.inv(covariance) @ received[b, d].numpy()
            np.testing.assert_allclose(result[b, :, d].numpy(), expected, rtol=1e-4, atol=1e-5)


def test_it_has_the_least_error_of_all_scalings():
    source = torch.Generator().manual_seed(5)
    channel = torch.randn(1, 2, 1, 2, generator=source, dtype=torch.complex64).expand(1, 2, 20000, 2)
    sent = torch.randn(1, 2, 20000, generator=source, dtype=torch.complex64)
    white = torch.randn(1, 20000, 2, generator=source, dtype=torch.complex64)
    received = torch.einsum("bkdr,bkd->bdr", channel, sent) + white * 0.5
    noise = 0.25 * torch.eye(2, dtype=torch.complex64).unsqueeze(0)
    result = detect(received, channel, torch.zeros_like(channel.real), noise)
    error = (result - sent).abs().square().mean()
    for scale in (0.9, 1.1):
        assert (scale * result - sent).abs().square().mean() > error
    assert error < 1


def test_without_noise_symbols_come_back():
    _, channel, error, noise = case()
    sent = torch.randn(3, 2, 5, generator=torch.Generator().manual_seed(4), dtype=torch.complex64)
    received = torch.einsum("bkdr,bkd->bdr", channel, sent)
    result = detect(received, channel, 0 * error, 1e-9 * noise)
    torch.testing.assert_close(result, sent, atol=1e-3, rtol=1e-3)


def test_loud_noise_brings_symbols_to_zero_and_coinciding_chains_stay_finite():
    received, channel, error, noise = case()
    assert detect(received, channel, error, 1e9 * noise).abs().max() < 1e-3
    same = torch.ones_like(noise)
    assert detect(received, channel, 0 * error, same).isfinite().all()


POINT = OperatingPoint(-10.0, 8, 1024, 4)


def noise():
    return torch.Generator().manual_seed(11)


def test_rates_after_detection_count_what_ues_do_to_each_other(small, drops):
    """A brute-force SINR at one subcarrier, and never more than each UE would have alone."""
    channel = small.channel
    beams = perfect_csi(small, "pca").front(drops, POINT, noise())
    one = channel.model_copy(update={"subcarriers": 1})
    rates = detected_se(drops, beams.precoder, beams.combiner, 10.0, torch.tensor([8]), one)
    effective = effective_channel(drops, beams.precoder, beams.combiner, torch.tensor([8]), one)
    columns = effective[:, :, 0, 0, :, 0].to(torch.complex128) * (10.0 / 8) ** 0.5
    white = (beams.combiner @ beams.combiner.mH).to(torch.complex128)
    for user in range(2):
        mine, theirs = columns[:, user].unsqueeze(-1), columns[:, 1 - user].unsqueeze(-1)
        sinr = (mine.mH @ torch.linalg.inv(white + theirs @ theirs.mH) @ mine).real.flatten()
        torch.testing.assert_close(rates[:, user].double(), torch.log2(1 + sinr), rtol=1e-2, atol=1e-2)
        alone = (mine.mH @ torch.linalg.inv(white) @ mine).real.flatten()
        assert (rates[:, user].double() <= torch.log2(1 + alone) + 1e-3).all()
