"""What lies outside the training of a model: operating points, and the channel around them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from cscsanet.config.operating_point import LENGTHS, OperatingPoint
from cscsanet.config.system import ChannelParams

# Parameters of the channel with a training range; 0 in the trainings of earlier versions, which did not know them all.
IMPAIRMENTS = (
    "feedback_delay_symbols",
    "oscillator_rad",
    "phase_noise_rad",
    "carrier_offset_hz",
    "bs_phase_error_rad",
    "near_far_db",
)
# Parameters of the channel that bound a drawn quantity: less than in the training lies within it.
_BOUNDS = ("max_delay", "max_speed_kmh", "spread_deg", *IMPAIRMENTS)
_VALUES = ("paths", "carrier_ghz", "symbol_duration_us", "bs_power_offset_db")
_OF_DROPS = ("paths", "spread_deg")
# With what earlier versions had.
_CHOICES = {"interferer_db": None, "element_power": "block", "doppler": "angle"}
_SHAPES = ("users", "bs_antennas", "ue_antennas", "rf_chains", "subcarriers")
_BY_NETWORKS = ("carrier_ghz", "symbol_duration_us", "max_delay", "max_speed_kmh")


def untrained_points(
    points: Mapping[str, Any], measured: Iterable[OperatingPoint], fields: Collection[str]
) -> list[str]:
    """Return, as text, each value of some operating points that was not trained.

    points: the section `points` of the training. fields: of an operating point that matter.
    """
    low, high = points["snr_db"]
    notes = []
    for point in measured:
        if "snr_db" in fields and not low <= point.snr_db <= high:
            notes.append(f"snr_db = {point.snr_db:g} was not trained (points.snr_db = {[low, high]})")
        for name in LENGTHS:
            if name in fields and getattr(point, name) not in points[name]:
                notes.append(
                    f"{name} = {getattr(point, name)} was not trained (points.{name} = {list(points[name])})"
                )
    return list(dict.fromkeys(notes))


def untrained_channel(
    trained: Mapping[str, Any], channel: ChannelParams, ranges: Mapping[str, Any] | None = None
) -> list[str]:
    """Return, as text, each parameter of a channel that lies outside the training.

    trained: the section `channel` of the training. ranges: its section `training_channel`, from which each part of a
    batch had its channel; None in the trainings of earlier versions.
    """
    outside: list[str] = []
    ranges = ranges or {}
    source = trained.get("source", "drawn")
    if channel.source != source:
        outside.append(f"channel.source = {channel.source} was not trained ({source} was)")
    elif channel.source == "tr38901" and channel.tr38901_model != trained["tr38901_model"]:
        outside.append(
            f"channel.tr38901_model = {channel.tr38901_model} was not trained ({trained['tr38901_model']} was)"
        )
    for name in (*_VALUES, *_BOUNDS):
        value, known = getattr(channel, name), float(trained.get(name, 0.0))
        if name in ranges and (name not in _OF_DROPS or ranges["varied_share"]):
            low, high = ranges[name]
            if not low <= value <= high:
                outside.append(f"channel.{name} = {value:g} was not trained ({low:g} to {high:g} was)")
            continue
        if value != known and not (name in _BOUNDS and value < known):
            limit = f"at most {known:g}" if name in _BOUNDS else f"{known:g}"
            outside.append(f"channel.{name} = {value:g} was not trained ({limit} was)")
    for name, none in _CHOICES.items():
        value, limits = getattr(channel, name), ranges.get(name)
        if limits is None:
            inside, was = value == trained.get(name, none), trained.get(name, none)
        else:
            inside = value is not None and limits[0] <= value <= limits[1]
            was = f"{limits[0]:g} to {limits[1]:g}"
        if not inside:
            found, was = ("none" if each is None else each for each in (value, was))
            outside.append(f"channel.{name} = {found} was not trained ({was} was)")
    return outside


def differing_shapes(trained: Mapping[str, Any], channel: ChannelParams) -> Sequence[str]:
    """Return, as text, the sizes of arrays and grid that a model of another size cannot serve."""
    return [
        f"channel.{name} = {trained[name]}, but params.yaml says {getattr(channel, name)}"
        for name in _SHAPES
        if trained[name] != getattr(channel, name)
    ]


def channel_of_networks(trained: Mapping[str, Any], channel: ChannelParams) -> ChannelParams:
    """Return a channel with the delays and Doppler shifts that trained networks search.

    A path search is built for a longest delay and a largest Doppler shift. A trained model keeps
    them, whatever channel it is tried over.
    """
    return channel.model_copy(update={name: trained[name] for name in _BY_NETWORKS})
