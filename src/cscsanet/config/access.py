"""The parameters of the activity detectors, specialists/access/params.yaml."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from cscsanet.config.params import load_kind
from cscsanet.config.system import Count, Decibel, DecibelRange, Section
from cscsanet.config.training import FitParams
from cscsanet.config.variants import SpecialistParams, VariantParams, check_trainings, with_variant

NAME = "access"
OURS = "ours"  # the detector of the parameters as they are, which is no variant
HALF = "half"  # the variant that differs in the length of the training alone, with which others are compared
ITERATIONS = "iterations-"  # how the names of variants begin that differ in their number of iterations
# The parameters that shape the networks: weights load only where these are equal.
SHAPES = ("detector", "cell.longest_preamble")
SECTIONS = ("training_cell", "detector", "fit", "recipe")  # sections that a variant may change
Activity = Annotated[float, Field(gt=0, lt=1)]
Spread = Annotated[float, Field(ge=0, le=90)] | None
NearFar = Annotated[float, Field(ge=0, le=40)]


def _rising(values: tuple[float, float]) -> tuple[float, float]:
    if values[0] > values[1]:
        raise ValueError("must be [lowest, highest]")
    return values


class CellParams(Section):
    """The cell that detectors are tested in, and the point at which the axes of the tests cross.

    devices: K, of one antenna each. antennas: M of the BS. preamble_length: L. longest_preamble: of the book; a shorter
    preamble is the start of it. snr_db: of a device of mean power, at one antenna and symbol. activity: probability of a
    device to be active. group_size: devices that an event wakes together; 1: all are independent. group_share: of a group
    that wakes, those that are active. paths, spread_deg: of a device, and the standard deviation of their angles;
    null: independent antennas. near_far_db: range of the devices' powers, uniform in dB. energy: which energy the SNR is
    of, that of a symbol, or that of the whole preamble.
    """

    devices: Count
    antennas: Count
    preamble_length: Count
    longest_preamble: Count
    snr_db: Decibel
    activity: Activity
    group_size: Count
    group_share: Annotated[float, Field(gt=0, le=1)]
    paths: Count
    spread_deg: Spread
    near_far_db: NearFar
    energy: Literal["symbol", "preamble"]

    @model_validator(mode="after")
    def _check(self) -> "CellParams":
        if self.preamble_length > self.longest_preamble:
            raise ValueError(
                f"preamble_length = {self.preamble_length}: must not be above longest_preamble = {self.longest_preamble}"
            )
        if self.activity > self.group_share:
            raise ValueError(
                f"group_share = {self.group_share:g}: must not be below activity = {self.activity:g}"
            )
        return self


class TrainingCellParams(Section):
    """The cells of the trainings, drawn for each part of a batch: [lowest, highest], or values to choose from.

    Lengths and activities are drawn uniformly by their logarithm, others uniformly. independent_share: share of the parts
    with independent antennas. grouped_share: share of the parts with groups of `group_size` devices, of which
    `cell.group_share` are active where a group wakes. cells_per_batch: parts of a batch. The SNR is that of a symbol.
    """

    devices: tuple[Count, ...] = Field(min_length=1)
    antennas: tuple[Count, ...] = Field(min_length=1)
    preamble_length: Annotated[tuple[Count, Count], AfterValidator(_rising)]
    snr_db: DecibelRange
    activity: Annotated[tuple[Activity, Activity], AfterValidator(_rising)]
    spread_deg: Annotated[tuple[float, float], AfterValidator(_rising)]
    independent_share: Annotated[float, Field(ge=0, le=1)]
    near_far_db: Annotated[tuple[NearFar, NearFar], AfterValidator(_rising)]
    grouped_share: Annotated[float, Field(ge=0, le=1)]
    group_size: tuple[Count, ...] = Field(min_length=1)
    cells_per_batch: Count


class UnfoldedParams(Section):
    """Our detector (`networks/unfolded`).

    common_iterations: with one power of a device. iterations: with one a beam. length_known, neighbours: what its networks
    see; see there.
    """

    features: Count
    common_iterations: Annotated[int, Field(ge=1, le=40)]
    iterations: Annotated[int, Field(ge=0, le=20)]
    length_known: bool
    neighbours: bool


class TransformerParams(Section):
    """The paper's detector (`networks/transformer`): tokens of so many features."""

    features: Count
    heads: Count
    layers: Count

    @model_validator(mode="after")
    def _check(self) -> "TransformerParams":
        if self.features % self.heads:
            raise ValueError(f"features = {self.features}: must be a multiple of heads = {self.heads}")
        return self


class DetectorParams(Section):
    """What is trained.

    network: ours (unfolded) or the paper's (transformer). book: of the trainings: redrawn for each batch, the fixed one of
    the tests, or learned with the detector.
    """

    network: Literal["unfolded", "transformer"]
    book: Literal["redrawn", "fixed", "learned"]
    unfolded: UnfoldedParams
    transformer: TransformerParams


class AccessFitParams(FitParams):
    """The training. val_drops: validation drops of each cell that it is validated in."""

    val_drops: Count


class AccessEvaluationParams(Section):
    """The tests: an axis for each of the lists, with all else as in `cell`.

    val_drops, test_drops: of each point; thresholds are chosen on the validation drops. slow_drops: test drops of the
    methods that take seconds a drop. spread_deg: null: independent antennas. book: numbers of random books; 0: that of all
    other tests.
    """

    val_drops: Count
    test_drops: Count
    slow_drops: Count
    bootstrap_samples: Annotated[int, Field(ge=100)]
    preamble_length: tuple[Count, ...] = Field(min_length=1)
    snr_db: tuple[Decibel, ...] = Field(min_length=1)
    activity: tuple[Activity, ...] = Field(min_length=1)
    antennas: tuple[Count, ...] = Field(min_length=1)
    devices: tuple[Count, ...] = Field(min_length=1)
    spread_deg: tuple[Spread, ...] = Field(min_length=1)
    near_far_db: tuple[NearFar, ...] = Field(min_length=1)
    group_size: tuple[Count, ...] = Field(min_length=1)
    book: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)


class AccessParams(SpecialistParams):
    """All of specialists/access/params.yaml."""

    cell: CellParams
    training_cell: TrainingCellParams
    detector: DetectorParams
    fit: AccessFitParams
    evaluation: AccessEvaluationParams

    @model_validator(mode="after")
    def _check_between_sections(self) -> "AccessParams":
        longest = self.cell.longest_preamble
        for key, values in (
            ("training_cell.preamble_length", self.training_cell.preamble_length),
            ("evaluation.preamble_length", self.evaluation.preamble_length),
        ):
            if max(values) > longest:
                raise ValueError(
                    f"{key} = {list(values)}: must not be above cell.longest_preamble = {longest}"
                )
        most = max(self.training_cell.devices)
        if self.detector.book == "learned" and most < self.cell.devices:
            raise ValueError(
                f"training_cell.devices = {most} at most: a learned book needs cell.devices = {self.cell.devices}"
            )
        check_trainings(self, OURS, SECTIONS)
        return self


def variant_params(params: AccessParams, variant: VariantParams) -> AccessParams:
    """Return the parameters of a further training.

    Raises:
        ValueError: a key is unknown, or a value out of range.
    """
    return with_variant(params, variant, SECTIONS)


def load_access_params(path: Path) -> AccessParams:
    """Return the parameters of the activity detectors, checked.

    Raises:
        CscsanetError: as of `config.params.load_params`.
    """
    return load_kind(path, AccessParams, f"cscsanet profile small --specialist {NAME}")
