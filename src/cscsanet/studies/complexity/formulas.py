"""Multiply-additions of what is no network: principal components, interpolation between DMRS, linear MMSE detection.

Counts are of real multiply-additions; a complex one is four. Decompositions follow Golub and Van Loan, Matrix
Computations (4th ed.), which counts real FLOPs of real matrices. Two FLOPs are one multiply-addition, and
complex matrices cost four times as much:

    Householder QR of m x n (5.2.2)                 2 n^2 (m - n / 3)
    all eigenvalues and vectors of a symmetric      9 n^3
      n x n, by the QR algorithm (8.3)
    LU factors of n x n, and a right-hand side      2 n^3 / 3,   2 n^2
      (3.2, 3.1)

Axes: N antennas, P paths, N_c subcarriers, K UEs, R chains, D payload elements, M DMRS of one UE.
"""

import math

from cscsanet.config.params import Params

COMPLEX = 4
# As in `baselines/pca`: steps of the power method, and alternations between the two ends; a test compares the products.
POWER_STEPS, ALTERNATIONS = 20, 3


def pca_products(params: Params) -> int:
    """Return the matrix products of one call of `baselines.pca.channel_beams` on the paths of one UE."""
    channel = params.channel
    paths, band = channel.rf_chains, channel.subcarriers
    bs, ue = channel.bs_antennas, channel.ue_antennas

    def principal(antennas: int) -> int:
        core = 2 * paths**3 + antennas * paths
        return core + POWER_STEPS * (2 * antennas * paths + paths**2)

    # The first covariance is that of the departures, over the whole channel.
    count = (band + ue) * paths**2 + principal(bs)
    for end, other_end in ((ue, bs), (bs, ue)):
        covariance = other_end * paths + band * paths**2
        count += ALTERNATIONS * (covariance + principal(end))
    return COMPLEX * count


def pca_decompositions(params: Params) -> int:
    """Return the decompositions of the same call: QR of the steering vectors, and eigenvectors of P x P."""
    channel = params.channel
    bs = (1 + ALTERNATIONS) * _principal(channel.bs_antennas, channel.rf_chains)
    return bs + ALTERNATIONS * _principal(channel.ue_antennas, channel.rf_chains)


def pca_of_matrices(params: Params) -> int:
    """Return the cost of the textbook form for one UE: covariances N x N of both ends, and their eigenvectors."""
    channel = params.channel
    ue, bs, band = channel.ue_antennas, channel.bs_antennas, channel.subcarriers
    covariances = band * ue * bs * (ue + bs)
    return COMPLEX * covariances + _eigenvectors(ue) + _eigenvectors(bs)


def interpolation(params: Params, data_symbols: int) -> int:
    """Return the cost of estimating all UEs' channels at the payload: `baselines.channel_estimation` with a delay prior.

    For each UE and chain, M equations are solved for D right-hand sides, then applied to the DMRS and to the
    error. The correlations themselves are elementwise, not products.
    """
    channel = params.channel
    payload, dmrs = payload_and_dmrs(params, data_symbols)
    solved = _solve(dmrs, payload)
    applied = COMPLEX * (dmrs * dmrs + payload * dmrs)
    return channel.users * channel.users * (solved + applied)


def detection(params: Params, data_symbols: int) -> int:
    """Return the cost of linear MMSE detection of all UEs over a payload: R x R equations per element, R = K."""
    users = params.channel.users
    payload, _ = payload_and_dmrs(params, data_symbols)
    covariance, applied = COMPLEX * users * users * users, COMPLEX * users * users
    return payload * (covariance + _solve(users, 1) + applied)


def payload_and_dmrs(params: Params, data_symbols: int) -> tuple[int, int]:
    """Return D, and M of one UE: a quarter of all elements are DMRS (`baselines.resource_grid`)."""
    payload = data_symbols * params.channel.subcarriers
    return payload, math.ceil(payload / (3 * params.channel.users))


def _principal(antennas: int, paths: int) -> int:
    qr = 2 * paths**2 * (antennas - paths / 3)
    return round(COMPLEX * qr / 2) + _eigenvectors(paths)


def _eigenvectors(size: int) -> int:
    return round(COMPLEX * 9 * size**3 / 2)


def _solve(size: int, right_sides: int) -> int:
    return round(COMPLEX * (size**3 / 3 + size**2 * right_sides))
