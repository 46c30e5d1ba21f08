"""Precoders from second moments: regularised zero forcing and SciPy's generalised eigenvectors are the closed forms."""

import numpy as np
import pytest
import scipy.linalg
import torch

from cscsanet.channel.multiuser.carriers import Sector, draw_uplink
from cscsanet.channel.multiuser.downlink import rzf, sum_spectral_efficiency
from cscsanet.channel.multiuser.slnr import Belief, principal, slnr_precoder
from cscsanet.channel.steering import steering


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


USERS, PATHS, ANTENNAS = 3, 4, 16


def paths(count=20):
    sector = Sector(USERS, ANTENNAS, 8, PATHS, 3.0, 6.7)
    return draw_uplink(count, sector, torch.zeros(count), seeded())


def test_known_gains_give_regularised_zero_forcing():
    drops, snr = paths(), torch.full((20,), 10.0)
    array = steering(drops.aoa, ANTENNAS)
    belief = Belief(array, drops.gain, torch.zeros(20, USERS, PATHS, PATHS) + 0j)
    channel = (drops.gain.unsqueeze(-2) @ array).squeeze(-2)
    precoder, expected = slnr_precoder(belief, USERS / snr), rzf(channel, snr)
    # Equal up to the phase of each user.
    inner = (precoder.conj() * expected).sum(dim=1).abs()
    torch.testing.assert_close(inner, torch.full((20, USERS), 1 / USERS), rtol=1e-4, atol=0)
    torch.testing.assert_close(
        sum_spectral_efficiency(channel, precoder, snr), sum_spectral_efficiency(channel, expected, snr)
    )


def test_a_precoder_reaches_the_largest_generalised_eigenvalue_of_the_moments():
    drops = paths(5)
    array = steering(drops.aoa, ANTENNAS)
    root = torch.randn((5, USERS, PATHS, PATHS), generator=seeded(1), dtype=torch.complex64)
    covariance = root @ root.mH
    precoder = slnr_precoder(Belief(array, drops.gain, covariance), torch.full((5,), 0.3))
    moments = (drops.gain.unsqueeze(-1) * drops.gain.conj().unsqueeze(-2) + covariance).to(torch.complex128)
    wide = array.to(torch.complex128)
    second = (wide.mT @ moments @ wide.conj()).conj().resolve_conj()
    total = second.sum(dim=1) + 0.3 * torch.eye(ANTENNAS)
    for drop in range(5):
        for user in range(USERS):
            wanted, every = second[drop, user].numpy(), total[drop].numpy()
            got = precoder[drop, :, user].numpy()
            ratio = np.vdot(got, wanted @ got).real / np.vdot(got, every @ got).real
            largest = scipy.linalg.eigh(wanted, every)[0][-1]
            assert ratio == pytest.approx(largest, rel=1e-4)


def test_power_is_shared_equally_and_is_one():
    drops = paths()
    power = torch.diag_embed(drops.gain.abs().square() + 0j)
    belief = Belief(steering(drops.aoa, ANTENNAS), torch.zeros_like(drops.gain), power)
    precoder = slnr_precoder(belief, torch.full((20,), 0.1))
    expected = torch.full((20, USERS), 1 / USERS)
    torch.testing.assert_close(precoder.abs().square().sum(dim=1), expected)


def test_the_principal_eigenvector_has_finite_gradients_where_eigenvalues_coincide():
    matrix = torch.eye(3, dtype=torch.complex64).requires_grad_()
    principal(matrix).abs().sum().backward()
    assert matrix.grad.isfinite().all()


@pytest.mark.parametrize("snr_db", [0.0, 20.0, 40.0])
def test_single_precision_is_as_good_as_double_at_any_snr(snr_db):
    drops, snr = paths(), torch.full((20,), 10 ** (snr_db / 10))
    array = steering(drops.aoa, ANTENNAS)
    channel = (drops.gain.unsqueeze(-2) @ array).squeeze(-2)
    covariance = 1e-9 * torch.eye(PATHS).expand(20, USERS, -1, -1) + 0j
    precoder = slnr_precoder(Belief(array, drops.gain, covariance), USERS / snr)
    reached, bound = (
        sum_spectral_efficiency(channel, each, snr).mean() for each in (precoder, rzf(channel, snr))
    )
    assert reached == pytest.approx(float(bound), rel=5e-3)


def test_a_user_of_whom_nothing_is_known_leaves_its_power_to_others():
    drops = paths()
    gain = drops.gain.clone()
    gain[:, 0] = 0
    nothing = torch.zeros(20, USERS, PATHS, PATHS) + 0j
    precoder = slnr_precoder(Belief(steering(drops.aoa, ANTENNAS), gain, nothing), torch.full((20,), 0.3))
    expected = torch.tensor([0.0, 0.5, 0.5]).expand(20, -1)
    torch.testing.assert_close(precoder.abs().square().sum(dim=1), expected)
