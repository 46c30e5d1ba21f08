"""The points of the tests: where the axes of params.yaml lead, with all else as in `link`."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from cscsanet.config.fusion import FusionParams, LinkParams

AXES = ("feedback_bits", "ports", "srs_snr_db", "dl_snr_db", "age_ms", "speed_kmh", "rho", "users")
WEAK = ("feedback_bits", "ports")  # axes once more with weak SRS


@dataclass(frozen=True)
class FusionPoint:
    """One point; see `LinkParams`."""

    feedback_bits: int
    ports: int
    srs_snr_db: float
    dl_snr_db: float
    age_ms: float
    speed_kmh: float
    rho: float
    users: int

    def columns(self) -> dict[str, Any]:
        """Return the columns of result rows."""
        return asdict(self)

    def link(self) -> LinkParams:
        """Return the link."""
        return LinkParams.model_validate(asdict(self))

    @property
    def name(self) -> str:
        """The name of its folder of measurements."""
        return (
            f"B{self.feedback_bits}_P{self.ports}_srs{self.srs_snr_db:g}dB_dl{self.dl_snr_db:g}dB_age{self.age_ms:g}ms"
            f"_{self.speed_kmh:g}kmh_rho{self.rho:g}_K{self.users}"
        )


def home(params: FusionParams) -> FusionPoint:
    """Return the point at which all axes cross."""
    return FusionPoint(**params.link.model_dump())


def weak(params: FusionParams) -> FusionPoint:
    """Return the same with weak SRS."""
    return replace(home(params), srs_snr_db=params.evaluation.weak_srs_db)


def axis(params: FusionParams, name: str, start: FusionPoint | None = None) -> list[FusionPoint]:
    """Return the points of an axis. start: where it begins; by default `home`."""
    start = start or home(params)
    return [replace(start, **{name: value}) for value in getattr(params.evaluation, name)]


def points(params: FusionParams) -> list[FusionPoint]:
    """Return every point once."""
    every = [point for name in AXES for point in axis(params, name)]
    every += [point for name in WEAK for point in axis(params, name, weak(params))]
    return list(dict.fromkeys(every))
