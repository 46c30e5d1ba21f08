"""Multiply-additions of what is no network: principal components, interpolation between DMRS, linear MMSE detection.

Real multiply-additions, of which a complex one is four. Decompositions after Golub and Van Loan, Matrix Computations (4th
ed.), whose
counts are of real FLOPs for real matrices; two FLOPs are one multiply-addition, and complex matrices take four times as much:

    Householder QR of m x n (5.2.2)                 2 n^2 (m - n / 3)
    all eigenvalues and vectors of a symmetric      9 n^3
      n x n, by the QR algorithm (8.3)
    LU factors of n x n, and a right-hand side      2 n^3 / 3,   2 n^2
      (3.2, 3.1)

Axes: N antennas, P paths, N_c subcarriers, K UEs, R chains, D payload elements, M DMRS of one UE.
"""

import math

from cscsanet.params import Params

COMPLEX = 4
# As `separated/pca` has them: steps of the power method, and turns between the two ends. A test compares the products.
PCA_STEPS, PCA_TURNS = 20, 3


def pca_products(params: Params) -> int:
    """Return the products of matrices of one call of `separated.pca.channel_beams` on the paths of one UE."""
    channel = params.channel
    paths, band = channel.rf_chains, channel.subcarriers
    ends = {"heard": channel.bs_antennas, "sent": channel.ue_antennas}

    def climbed(antennas: int) -> int:
        principal = 2 * paths**3 + antennas * paths
        return principal + PCA_STEPS * (2 * antennas * paths + paths**2)

    # The first covariance is between the departures, of the whole channel.
    count = (band + ends["sent"]) * paths**2 + climbed(ends["heard"])
    for own, other in (("sent", "heard"), ("heard", "sent")):
        through = ends[other] * paths + band * paths**2
        count += PCA_TURNS * (through + climbed(ends[own]))
    return COMPLEX * count


def pca_decompositions(params: Params) -> int:
    """Return the decompositions of the same: QR of the steering vectors, and eigenvectors of P x P."""
    channel = params.channel
    return (1 + PCA_TURNS) * _principal(channel.bs_antennas, channel.rf_chains) + PCA_TURNS * _principal(
        channel.ue_antennas, channel.rf_chains
    )


def pca_of_matrices(params: Params) -> int:
    """Return what the textbook's form costs for one UE: covariances N x N of both ends over the band, and their eigenvectors."""
    channel = params.channel
    near, far, band = channel.ue_antennas, channel.bs_antennas, channel.subcarriers
    covariances = band * near * far * (near + far)
    return COMPLEX * covariances + _eigenvectors(near) + _eigenvectors(far)


def interpolation(params: Params, data_symbols: int) -> int:
    """Return what a BS does to know every UE's channel at the payload: `separated.channel_tracking` with a prior of the delays.

    For each UE and chain M equations are solved for D right-hand sides, then applied to the DMRS and to the error. The
    correlations themselves are elements, not products.
    """
    channel = params.channel
    payload, own = payload_and_dmrs(params, data_symbols)
    solved = _solve(own, payload)
    applied = COMPLEX * (own * own + payload * own)
    return channel.users * channel.users * (solved + applied)


def detection(params: Params, data_symbols: int) -> int:
    """Return what linear MMSE detection of all UEs costs over a payload: R x R equations at each element, R = K."""
    users = params.channel.users
    payload, _ = payload_and_dmrs(params, data_symbols)
    covariance, applied = COMPLEX * users * users * users, COMPLEX * users * users
    return payload * (covariance + _solve(users, 1) + applied)


def payload_and_dmrs(params: Params, data_symbols: int) -> tuple[int, int]:
    """Return D, and M of one UE: a quarter of all elements are DMRS (`separated.resource_grid`)."""
    payload = data_symbols * params.channel.subcarriers
    return payload, math.ceil(payload / (3 * params.channel.users))


def _principal(antennas: int, paths: int) -> int:
    qr = 2 * paths**2 * (antennas - paths / 3)
    return round(COMPLEX * qr / 2) + _eigenvectors(paths)


def _eigenvectors(size: int) -> int:
    return round(COMPLEX * 9 * size**3 / 2)


def _solve(size: int, sides: int) -> int:
    return round(COMPLEX * (size**3 / 3 + size**2 * sides))
