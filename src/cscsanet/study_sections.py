"""The sections of params.yaml that say what is studied, repeated and measured, beside what the pipeline trains."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cscsanet.points import OperatingPoint
from cscsanet.sections import Bits, Count, Decibel, SchemeName, Section

# The last stages of training; `pipeline/repeats` knows how each is run.
TrainingName = Literal["noma", "noma_aligned", "oma", "oma_aligned", "codec_link"]
# The schemes that stations run as units.
ChainedName = Literal["noma", "noma-aligned", "oma", "oma-aligned"]
AlignedName = Literal["noma-aligned", "oma-aligned"]


class StudyParams(Section):
    """The report on the physical layer: models trained for comparison, and where all are measured.

    dedicated: (L, B) of models trained like Stage II, each for this point alone. subcarrier_epochs,
    subcarrier_learning_rate: of the paper's front, which gets neither early stopping nor the start of the CSI-RS and is
    elsewise trained like Stage II. bs_power_offset_db: CSI-RS power
    above the UEs' at which the models are measured. speeds_kmh, aged_symbols: of the measurement over time.
    """

    dedicated: tuple[tuple[Count, Bits], ...]
    subcarrier_epochs: Count
    subcarrier_learning_rate: Annotated[float, Field(gt=0, le=1)]
    snr_db: tuple[Decibel, ...] = Field(min_length=1)
    bs_power_offset_db: tuple[Annotated[float, Field(ge=-20, allow_inf_nan=True)], ...] = Field(min_length=1)
    drops: Annotated[int, Field(ge=2)]
    bootstrap_samples: Annotated[int, Field(ge=100)]
    speeds_kmh: tuple[Annotated[float, Field(ge=0, le=1000)], ...] = Field(min_length=1)
    aged_symbols: Count


class AlignmentParams(Section):
    """The study of phase alignment, reports/alignment.json: what is trained for it, and where all is measured.

    compared: who else foretells the phases, each with a Stage III of its own (`links/alignment`).
    trained_oscillator_rad: slip of the oscillators [rad] in a further Stage III; 0: none is trained.
    snr_db, data_symbols: of the comparison. home_snr_db: where robustness and the phases that are left are measured, over
    bs_power_offset_db, speeds_kmh and oscillator_rad. drops, symbols: test drops, and data symbols, of the phases that are left.
    """

    compared: tuple[Literal["classical", "genie-first", "genie-all"], ...]
    trained_oscillator_rad: Annotated[float, Field(ge=0, le=10)]
    snr_db: tuple[Decibel, ...] = Field(min_length=1)
    data_symbols: tuple[Count, ...] = Field(min_length=1)
    home_snr_db: Decibel
    bs_power_offset_db: tuple[Annotated[float, Field(ge=-20, allow_inf_nan=True)], ...] = Field(min_length=1)
    speeds_kmh: tuple[Annotated[float, Field(ge=0, le=1000)], ...] = Field(min_length=1)
    oscillator_rad: tuple[Annotated[float, Field(ge=0, le=10)], ...] = Field(min_length=1)
    drops: Annotated[int, Field(ge=2)]
    symbols: Count


class PlaceParams(Section):
    """An operating point: SNR [dB], L, B and Q."""

    snr_db: Decibel
    csirs_symbols: Count
    feedback_bits: Bits
    data_symbols: Count

    @property
    def point(self) -> OperatingPoint:
        """The operating point itself."""
        return OperatingPoint(self.snr_db, self.csirs_symbols, self.feedback_bits, self.data_symbols)


class RepeatParams(Section):
    """Last stages of training again: under further seeds, and for single points.

    reseeded: trainings that are run under each of `seeds` as well, from the same weights of the stages before. dedicated: points
    that the trainings `specialised` are run for alone.
    """

    seeds: tuple[Annotated[int, Field(ge=0, lt=2**31)], ...]
    reseeded: tuple[TrainingName, ...]
    dedicated: tuple[PlaceParams, ...]
    specialised: tuple[TrainingName, ...]

    @model_validator(mode="after")
    def _each_once(self) -> "RepeatParams":
        for key in ("seeds", "reseeded", "dedicated", "specialised"):
            values = getattr(self, key)
            if len(set(values)) < len(values):
                raise ValueError(f"repeats.{key}: an entry is there twice; name each once")
        return self


class DeploymentParams(Section):
    """The trained system as ONNX units: which schemes, and how much each is held against.

    exported: schemes of CSC-SA-Net, beside the baselines' networks. timed: the one of them whose units are timed and quantised;
    an aligned one, since in PyTorch a UE foretells phases even where none are used, and a unit does not.
    parity_images: test images at each operating point where the units are compared with PyTorch.
    calibration_images: validation images that show a quantised unit its ranges. quantised_images: test images that the
    mIoU of quantised units is measured on, at most. latency_rounds: in which the two runtimes take turns.
    paper_sizes: whether complexity is counted at the paper's sizes, too.
    """

    exported: tuple[ChainedName, ...] = Field(min_length=1)
    timed: AlignedName
    parity_images: Annotated[int, Field(ge=2)]
    calibration_images: Annotated[int, Field(ge=6)]
    quantised_images: Annotated[int, Field(ge=2)]
    latency_rounds: Annotated[int, Field(ge=5)]
    paper_sizes: bool

    @model_validator(mode="after")
    def _timed_is_exported(self) -> "DeploymentParams":
        if self.timed not in self.exported:
            raise ValueError(f"timed = {self.timed}: must be among exported = {list(self.exported)}")
        return self


class EvaluationParams(Section):
    """What is measured on the test part.

    schemes: measured over snr_db at `home`, which also fills what an evaluation on the command line leaves open.
    swept: the schemes of the sweeps over csirs_symbols and feedback_bits, at each Q of `panels`, and over data_symbols.
    compared_snr_db: where all schemes stand side by side in reports/schemes.json; they must be among snr_db.
    pictures, pictured: how many frames, and which of the schemes, in the picture of predicted masks.
    """

    schemes: tuple[SchemeName, ...] = Field(min_length=1)
    swept: tuple[SchemeName, ...] = Field(min_length=1)
    home: PlaceParams
    snr_db: tuple[Decibel, ...] = Field(min_length=1)
    csirs_symbols: tuple[Count, ...] = Field(min_length=1)
    feedback_bits: tuple[Bits, ...] = Field(min_length=1)
    data_symbols: tuple[Count, ...] = Field(min_length=1)
    panels: tuple[Count, Count]
    compared_snr_db: tuple[Decibel, ...] = Field(min_length=1)
    channel_draws: Count
    bound_drops: Count
    bootstrap_samples: Annotated[int, Field(ge=100)]
    pictures: Count
    pictured: tuple[SchemeName, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _shown_are_measured(self) -> "EvaluationParams":
        for key in ("pictured", "swept"):
            missing = [name for name in getattr(self, key) if name not in self.schemes]
            if missing:
                raise ValueError(
                    f"{key} = {list(getattr(self, key))}: '{missing[0]}' must be among evaluation.schemes"
                )
        return self

    @model_validator(mode="after")
    def _axes_pass_through_home(self) -> "EvaluationParams":
        for name in ("snr_db", "csirs_symbols", "feedback_bits", "data_symbols"):
            values, at_home = getattr(self, name), getattr(self.home, name)
            if at_home not in values:
                raise ValueError(
                    f"{name} = {list(values)}: must hold home.{name} = {at_home:g}, where the axes cross"
                )
        return self

    @model_validator(mode="after")
    def _panels_differ(self) -> "EvaluationParams":
        if self.panels[0] >= self.panels[1]:
            raise ValueError(f"panels = {list(self.panels)}: must be two values of Q, the smaller first")
        return self

    @model_validator(mode="after")
    def _compared_where_measured(self) -> "EvaluationParams":
        missing = [snr for snr in self.compared_snr_db if snr not in self.snr_db]
        if missing:
            raise ValueError(
                f"compared_snr_db = {list(self.compared_snr_db)}: {missing[0]:g} must be among snr_db = {list(self.snr_db)}"
            )
        return self
