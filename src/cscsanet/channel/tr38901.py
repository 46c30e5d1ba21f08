"""Drops of 3GPP TR 38.901: the rays of CDL-A to CDL-E, UMi and UMa as paths of eq. (6).

The optional package `sionna-no-rt` draws the rays (steps 1 to 10 of Sec. 7.5, or Sec. 7.7.1 for
CDL); step 11 is done here ray by ray, so that a ray becomes one path:

    gain     sqrt(P_c / rays of the cluster) exp(j phi), sqrt(1 / (K + 1)) of it beside a line of
             sight, which is one more path with sqrt(K / (K + 1)) exp(-j 2 pi d / lambda)
    angle    arcsin of the direction cosine along the array, so that `steering` is the exact response
    delay    of the cluster, or of the subcluster in the two strongest clusters of UMi and UMa
    doppler  v^T r / lambda, r the direction at the UE

Both arrays lie in the horizontal plane, with vertically polarised omnidirectional elements and no
tilt, so that the field of a ray is its phase alone and the cross-polarised terms do not occur. Path
loss and shadowing are left out, since the SNR is P_t / sigma^2.

Axes: D drops, K users, C clusters, M rays of a cluster.
"""

import math
import threading
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn

from cscsanet.channel.paths import PathDrops, draw_motion
from cscsanet.config.channel_notes import SPEED_OF_LIGHT, sample_duration_ns
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError

DROPS_AT_ONCE = 256  # about 0.3 GB of rays in double precision
PACKAGE = "sionna-no-rt"
_WITHOUT_SIGHT = ("CDL-A", "CDL-B", "CDL-C")
_SECTOR = math.pi / 3  # CDL: the direction of a UE from the BS lies within this of broadside
# Table 7.5-5: the subcluster of each of the 20 rays of a strong cluster, and its delay over c_DS.
_SUBCLUSTER = (0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 0, 0)
_SUBCLUSTER_DELAYS = (0.0, 1.28, 2.56)
# The generators of the package belong to the process.
_LOCK = threading.Lock()


def tr38901_drops(
    count: int, params: ChannelParams, generator: torch.Generator, *, speed_kmh: float | None = None
) -> PathDrops:
    """Draw drops of `params.tr38901_model`, in float64, with the power that the standard gives them.

    A ray is a path: C x M paths, and one more if the model has lines of sight. Users of CDL are
    independent, and their tables are turned by a uniform bearing at the UE and, within 60 degrees
    of broadside, at the BS. Users of UMi and UMa are outdoors in one sector of 120 degrees. Speeds
    and headings are those of `draw_paths`.

    Raises:
        CscsanetError: the package is missing.
    """
    sionna = _package()
    seed = int(torch.randint(2**62, (), generator=generator))
    velocity = draw_motion(count, params, generator, speed_kmh=speed_kmh)
    bearings = [(2 * torch.rand(count, params.users, generator=generator) - 1) * math.pi for _ in range(2)]
    with _LOCK, torch.random.fork_rng(devices=[]):
        before = sionna.phy.config.seed
        sionna.phy.config.seed = seed
        try:
            model, tap = link_model(params, velocity.double(), bearings[0], bearings[1] * _SECTOR / math.pi)
            model()
        finally:
            sionna.phy.config.seed = before
    return as_paths(tap, params)


def package_version() -> str:
    """Return the name and the version of the package.

    Raises:
        CscsanetError: the package is missing.
    """
    _package()
    return f"{PACKAGE} {version(PACKAGE)}"


class RayTap(nn.Module):
    """Takes the place of a model's generator of coefficients and keeps the rays that it is given.

    inner: the generator itself, which then makes Sionna's own response; without it the response is
    a placeholder.
    """

    def __init__(self, inner: nn.Module | None = None) -> None:
        super().__init__()
        self.inner = inner
        self.rays: Any = None
        self.topology: Any = None
        self.k_factor: Tensor
        self.cluster_spread: Tensor | None = None

    def forward(
        self,
        num_time_samples: int,
        sampling_frequency: float,
        k_factor: Tensor,
        rays: Any,
        topology: Any,
        c_ds: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return coefficients and delays in the shapes of the package's generator."""
        phases = torch.rand((*rays.aoa.shape, 4), dtype=rays.aoa.dtype)
        rays.phases = (2 * phases - 1) * math.pi
        self.k_factor, self.rays, self.topology, self.cluster_spread = k_factor, rays, topology, c_ds
        if self.inner is None:
            links = rays.aoa.shape[:3]
            return rays.aoa.new_zeros((*links, 1, 1, 1, 1)) + 0j, rays.aoa.new_zeros((*links, 1))
        return self.inner(num_time_samples, sampling_frequency, k_factor, rays, topology, c_ds)  # type: ignore[no-any-return]


def link_model(
    params: ChannelParams,
    velocity: Tensor,
    ue_bearing: Tensor,
    bs_bearing: Tensor,
    *,
    symbols: int = 0,
) -> tuple[Callable[[], Any], RayTap]:
    """Return a function that draws all uplinks with the package, and the tap that then holds their rays.

    velocity: (D, K, 3) [m/s]. ue_bearing: (D, K). bs_bearing: (D, K), of CDL alone [rad].
    symbols: number of OFDM symbols for which the function returns coefficients and delays as the
    package does, antennas included; 0: none.
    """
    system = params.tr38901_model in ("UMi", "UMa")
    build = _system_model if system else _cdl_model
    model, slot, arguments = build(params, velocity, ue_bearing, bs_bearing)
    tap = RayTap(getattr(model, slot) if symbols else None)
    setattr(model, slot, tap)
    rate = 1e6 / params.symbol_duration_us
    return lambda: model(*arguments, max(1, symbols), rate), tap


def as_paths(tap: RayTap, params: ChannelParams) -> PathDrops:
    """Return the rays of a tap as paths (D, K, paths), in float64, complex128; step 11 of Sec. 7.5.

    Delays are relative to the first arrival of each UE.
    """
    rays, topology, wavelength = tap.rays, tap.topology, SPEED_OF_LIGHT / (params.carrier_ghz * 1e9)
    num_rays = rays.aoa.shape[-1]
    amplitude = (rays.powers / num_rays).sqrt().unsqueeze(-1)
    gain = torch.polar(amplitude.expand_as(rays.aoa).contiguous(), rays.phases[..., 0].contiguous())
    delay = _ray_delays(tap)
    directions = {"ue": _unit_vector(rays.zod, rays.aod), "bs": _unit_vector(rays.zoa, rays.aoa)}
    gain, delay = gain.flatten(-2), delay.flatten(-2)
    directions = {end: vector.flatten(-3, -2) for end, vector in directions.items()}
    if params.tr38901_model not in _WITHOUT_SIGHT:
        sight, ratio = topology.los, tap.k_factor
        scattered = torch.where(sight, (1 / (ratio + 1)).sqrt(), torch.ones_like(ratio))
        direct = torch.where(sight, (ratio / (ratio + 1)).sqrt(), torch.zeros_like(ratio))
        phase = -2 * math.pi * torch.frac(topology.distance_3d / wavelength)
        line = torch.polar(direct.contiguous(), phase.expand_as(direct).contiguous())
        gain = torch.cat([line.unsqueeze(-1), gain * scattered.unsqueeze(-1)], dim=-1)
        delay = torch.cat([delay.amin(dim=-1, keepdim=True), delay], dim=-1)
        for end, angles in (
            ("ue", (topology.los_zod, topology.los_aod)),
            ("bs", (topology.los_zoa, topology.los_aoa)),
        ):
            directions[end] = torch.cat([_unit_vector(*angles).unsqueeze(-2), directions[end]], dim=-2)
    doppler = (directions["ue"] * _per_link(topology.velocities)).sum(dim=-1) / wavelength
    at_ue = _along_array(directions["ue"], topology.tx_orientations.unsqueeze(2))
    at_bs = _along_array(directions["bs"], topology.rx_orientations.unsqueeze(1))
    # Sionna's phases are those at the middle of the arrays; `steering` starts at the first antenna.
    middle = (params.ue_antennas - 1) / 2 * at_ue + (params.bs_antennas - 1) / 2 * at_bs
    gain = gain * torch.polar(torch.ones_like(middle), -math.pi * middle)
    delay = (delay - delay.amin(dim=-1, keepdim=True)) / (sample_duration_ns(params) * 1e-9)
    # The channel is sum of g a_r(aoa) a_t(aod)^H, and Sionna's response has no conjugate at the UE.
    parts = (gain, torch.arcsin(-at_ue), torch.arcsin(at_bs), delay, doppler)
    return PathDrops(*(part.reshape(-1, params.users, part.shape[-1]) for part in parts))


def _package() -> Any:
    try:
        import sionna.phy
        import sionna.phy.channel.tr38901
    except ImportError:
        raise CscsanetError(
            f"channel.source = tr38901: needs the package {PACKAGE}; run \"pip install 'cscsanet[tr38901]'\", or "
            f"'pip install {PACKAGE}' in the project's environment"
        ) from None
    return sionna


def _arrays(params: ChannelParams) -> dict[str, Any]:
    sionna = _package()
    return {
        end: sionna.phy.channel.tr38901.PanelArray(
            num_rows_per_panel=1,
            num_cols_per_panel=antennas,
            polarization="single",
            polarization_type="V",
            antenna_pattern="omni",
            carrier_frequency=params.carrier_ghz * 1e9,
            precision="double",
            device="cpu",
        )
        for end, antennas in (("ut_array", params.ue_antennas), ("bs_array", params.bs_antennas))
    }


def _cdl_model(
    params: ChannelParams, velocity: Tensor, ue_bearing: Tensor, bs_bearing: Tensor
) -> tuple[Any, str, tuple[int, ...]]:
    """Return a CDL model of D x K independent links, the name of its generator, and arguments."""
    model = _package().phy.channel.tr38901.CDL(
        model=params.tr38901_model[-1],
        delay_spread=params.delay_spread_ns * 1e-9,
        carrier_frequency=params.carrier_ghz * 1e9,
        direction="uplink",
        ut_orientation=_bearing(ue_bearing).flatten(0, 1),
        bs_orientation=_bearing(bs_bearing).flatten(0, 1),
        ut_velocity=velocity.flatten(0, 1),
        precision="double",
        device="cpu",
        **_arrays(params),
    )
    return model, "_cir_gen", (velocity.shape[0] * velocity.shape[1],)


def _system_model(
    params: ChannelParams, velocity: Tensor, ue_bearing: Tensor, bs_bearing: Tensor
) -> tuple[Any, str, tuple[int, ...]]:
    """Return a UMi or UMa model of D sectors with K users, the name of its generator, and arguments."""
    channel = _package().phy.channel
    model = getattr(channel.tr38901, params.tr38901_model)(
        carrier_frequency=params.carrier_ghz * 1e9,
        o2i_model="low",
        direction="uplink",
        enable_pathloss=False,
        enable_shadow_fading=False,
        precision="double",
        device="cpu",
        **_arrays(params),
    )
    at_ue, at_bs, _, facing, _, indoors = channel.gen_single_sector_topology(
        *velocity.shape[:2],
        params.tr38901_model.lower(),
        indoor_probability=0.0,
        precision="double",
        device="cpu",
    )
    model.set_topology(at_ue, at_bs, _bearing(ue_bearing), _bearing(facing[..., 0]), velocity, indoors)
    return model, "_cir_sampler", ()


def _bearing(angle: Tensor) -> Tensor:
    """Return orientations (..., 3) that are turned about the vertical alone."""
    still = torch.zeros_like(angle, dtype=torch.float64)
    return torch.stack([angle.double(), still, still], dim=-1)


def _ray_delays(tap: RayTap) -> Tensor:
    """Return the delay of each ray [s], (links, K, 1, C, M); subclusters by Table 7.5-5."""
    rays, spread = tap.rays, tap.cluster_spread
    delays: Tensor = rays.delays.unsqueeze(-1).expand_as(rays.aoa)
    if spread is None:
        return delays
    strongest = rays.strongest_cluster_indices
    if strongest is None:
        strongest = rays.powers.argsort(dim=-1, descending=True)[..., :2]
    split = torch.zeros_like(rays.delays).scatter(-1, strongest, 1.0).unsqueeze(-1)
    offsets = torch.tensor(_SUBCLUSTER_DELAYS, dtype=delays.dtype)[torch.tensor(_SUBCLUSTER)]
    return delays + split * offsets * spread[..., None, None]


def _unit_vector(zenith: Tensor, azimuth: Tensor) -> Tensor:
    """Return r of eq. (7.1-6) of the standard, (..., 3).

    >>> _unit_vector(torch.tensor(0.0), torch.tensor(1.0))
    tensor([0., 0., 1.])
    """
    level = zenith.sin()
    return torch.stack([level * azimuth.cos(), level * azimuth.sin(), zenith.cos()], dim=-1)


def _per_link(velocities: Tensor) -> Tensor:
    """Return the velocity of each uplink, broadcastable to (D, K, 1, paths, 3)."""
    return velocities[:, :, None, None, :]


def _along_array(directions: Tensor, orientations: Tensor) -> Tensor:
    """Return the direction cosine along an array on its own y axis, which a bearing turns."""
    bearing = orientations[..., 0].unsqueeze(-1)
    cosine = directions[..., 1] * bearing.cos() - directions[..., 0] * bearing.sin()
    # Rounding may lead beyond one, where arcsin is not defined.
    return cosine.clamp(-1, 1)
