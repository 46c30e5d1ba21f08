"""The sections of params.yaml for studies, repeated trainings, measurements and deployment."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import SCHEMES, last_trainings, scheme, schemes_of
from cscsanet.config.system import Bits, Count, Decibel, Delay, Section
from cscsanet.config.training import PilotShare
from cscsanet.errors import CscsanetError

# Names of schemes and trainings are checked by validators and not by their types: types count as code of
# the stages that read a parameter, so a new scheme would rerun them.


def _rise(values: tuple[float, ...]) -> tuple[float, ...]:
    if sorted(values) != list(values):
        raise ValueError(f"must rise; write {sorted(values)}")
    return values


# An axis of figures and reports, whose curves are drawn, and whose steps are compared, in this order.
_Rising = AfterValidator(_rise)


# All trainings but MFNet's, in the order in which the pipeline runs them (`config/chains`).
SEEDED_TRAININGS = [
    "semantic", "physical", "semantic_oma", "noma", "noma_aligned", "oma", "oma_aligned", "acquisition", "feedback",
    "precoding", "codec", "codec_link", "noma_tracked", "oma_tracked", "codec_lean",
    "digital", "digital_prior",
]  # fmt: skip


class StudyParams(Section):
    """The study of the physical layer: models trained for comparison, and the points of the report.

    dedicated: (L, B) of further models, each trained like Stage II for this point alone.
    subcarrier_epochs, subcarrier_learning_rate: of the paper's front end. It is trained like Stage II, but without
    early stopping and without the pretraining of the CSI-RS.
    bs_power_offset_db: CSI-RS power over the UEs' power [dB] at which models are measured.
    speeds_kmh, aged_symbols: of the measurement of outdated beams.
    """

    dedicated: tuple[tuple[Count, Bits], ...]
    subcarrier_epochs: Count
    subcarrier_learning_rate: Annotated[float, Field(gt=0, le=1)]
    snr_db: Annotated[tuple[Decibel, ...], _Rising] = Field(min_length=1)
    bs_power_offset_db: Annotated[
        tuple[Annotated[float, Field(ge=-20, allow_inf_nan=True)], ...], _Rising
    ] = Field(min_length=1)
    drops: Annotated[int, Field(ge=2)]
    genie_steps: Count
    bootstrap_samples: Annotated[int, Field(ge=100)]
    speeds_kmh: Annotated[tuple[Annotated[float, Field(ge=0, le=1000)], ...], _Rising] = Field(min_length=1)
    aged_symbols: Count


class AlignmentParams(Section):
    """The study of phase alignment: models trained for comparison, and the points of the report.

    epochs: of each of these trainings, which go on from the weights of the learned alignment.
    compared: other phase predictors, each with a training of its own (`links/alignment`).
    trained_oscillator_rad: standard deviation of the oscillators' phase offset [rad] in a further training; 0: none.
    snr_db, data_symbols: points of the comparison. home_snr_db: SNR [dB] at which robustness and residual phases are
    measured, over bs_power_offset_db, speeds_kmh and oscillator_rad. drops, symbols: test drops and data symbols for
    the residual phases.
    """

    epochs: Count
    compared: tuple[Literal["classical", "genie-first", "genie-all"], ...]
    trained_oscillator_rad: Annotated[float, Field(ge=0, le=10)]
    snr_db: Annotated[tuple[Decibel, ...], _Rising] = Field(min_length=1)
    data_symbols: Annotated[tuple[Count, ...], _Rising] = Field(min_length=1)
    home_snr_db: Decibel
    bs_power_offset_db: Annotated[
        tuple[Annotated[float, Field(ge=-20, allow_inf_nan=True)], ...], _Rising
    ] = Field(min_length=1)
    speeds_kmh: Annotated[tuple[Annotated[float, Field(ge=0, le=1000)], ...], _Rising] = Field(min_length=1)
    oscillator_rad: Annotated[tuple[Annotated[float, Field(ge=0, le=10)], ...], _Rising] = Field(min_length=1)
    drops: Annotated[int, Field(ge=2)]
    symbols: Count


class RobustnessParams(Section):
    """The study of the links under impairments, at equal elements and energy.

    schemes: those compared. snr_db, data_symbols: the points; a scheme with a quarter of DMRS has 3/4 of the payload
    symbols, so that all use data_symbols x N_c elements. feedback_delay_symbols, speeds_kmh: every delay at every
    speed. oscillator_rad, spread_deg, paths: one at a time, with all else as in `channel`. pilot_shares: of tracking.
    phase_noise_rad, carrier_offset_hz, bs_phase_error_rad, near_far_db, interferer_db: one value each, for a table.
    models: of TR 38.901, left out where the package for them is not installed.
    """

    schemes: tuple[str, ...] = Field(min_length=1)
    snr_db: Annotated[tuple[Decibel, ...], _Rising] = Field(min_length=1)
    data_symbols: Annotated[int, Field(ge=4, multiple_of=4)]
    feedback_delay_symbols: Annotated[tuple[Delay, ...], _Rising] = Field(min_length=1)
    speeds_kmh: Annotated[tuple[Annotated[float, Field(ge=0, le=1000)], ...], _Rising] = Field(min_length=1)
    oscillator_rad: Annotated[tuple[Annotated[float, Field(ge=0, le=10)], ...], _Rising]
    spread_deg: Annotated[tuple[Annotated[float, Field(ge=0, le=90)], ...], _Rising]
    paths: Annotated[tuple[Count, ...], _Rising]
    pilot_shares: Annotated[tuple[PilotShare, ...], _Rising]
    phase_noise_rad: Annotated[float, Field(ge=0, le=10)]
    carrier_offset_hz: Annotated[float, Field(ge=0, le=1e5)]
    bs_phase_error_rad: Annotated[float, Field(ge=0, le=10)]
    near_far_db: Annotated[float, Field(ge=0, le=60)]
    interferer_db: Decibel
    models: tuple[Literal["CDL-A", "CDL-B", "CDL-C", "CDL-D", "CDL-E", "UMi", "UMa"], ...]

    @field_validator("schemes")
    @classmethod
    def _check_schemes(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _among(names, [name for name, row in SCHEMES.items() if row.over_air])


class DigitalStudyParams(Section):
    """The study of digital late fusion.

    errors, csi_errors: error rates that random codes aim at, and errors of the fed back channel that their rates
    assume; margins_db: of the LDPC code [dB]; quality_bits: of a report of the channel's strength. They are compared on
    the validation part. margin_db: that of the LDPC code on the test part.
    """

    errors: tuple[Annotated[float, Field(gt=0, lt=1)], ...]
    csi_errors: tuple[Annotated[float, Field(ge=0, lt=1)], ...]
    margins_db: tuple[Decibel, ...]
    margin_db: Decibel
    quality_bits: tuple[Literal[0, 2, 4], ...]


class PointParams(Section):
    """An operating point: SNR [dB], L, B and Q."""

    snr_db: Decibel
    csirs_symbols: Count
    feedback_bits: Bits
    data_symbols: Count

    @property
    def point(self) -> OperatingPoint:
        """The section as an `OperatingPoint`."""
        return OperatingPoint(self.snr_db, self.csirs_symbols, self.feedback_bits, self.data_symbols)


class RepeatParams(Section):
    """Repeated trainings: with further seeds, and for single points.

    reseeded: trainings that are repeated with each of `seeds`, each from the repeats of earlier ones where these are
    named too, and else from the weights of the pipeline.
    specialised: trainings that are repeated for each point of `dedicated` alone.
    """

    seeds: tuple[Annotated[int, Field(ge=0, lt=2**31)], ...]
    reseeded: tuple[str, ...]
    dedicated: tuple[PointParams, ...]
    specialised: tuple[str, ...]

    @field_validator("reseeded")
    @classmethod
    def _check_reseeded(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _among(names, SEEDED_TRAININGS)

    @field_validator("specialised")
    @classmethod
    def _check_specialised(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _among(names, last_trainings())


class DeploymentParams(Section):
    """The trained system as ONNX units.

    exported: forms of CSC-SA-Net to export; the baselines' networks are always exported.
    timed: the exported scheme whose units are timed and quantised. It has aligned phases, since in PyTorch a UE
    predicts phases even if they are not used, and a unit does not.
    parity_images: test images at each operating point for the comparison of units with PyTorch.
    calibration_images: validation images that set the ranges of quantised units.
    quantised_images: largest number of test images for the mIoU of quantised units.
    latency_rounds: rounds in which ONNX Runtime and PyTorch alternate.
    paper_sizes: whether complexity is also counted at the paper's sizes.
    """

    exported: tuple[str, ...] = Field(min_length=1)
    timed: str
    parity_images: Annotated[int, Field(ge=2)]
    calibration_images: Annotated[int, Field(ge=6)]
    quantised_images: Annotated[int, Field(ge=2)]
    latency_rounds: Annotated[int, Field(ge=5)]
    paper_sizes: bool

    @field_validator("exported")
    @classmethod
    def _check_exported(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _among(names, schemes_of("proposal"))

    @field_validator("timed")
    @classmethod
    def _check_timed(cls, name: str) -> str:
        _among((name,), [aligned for aligned in schemes_of("proposal") if SCHEMES[aligned].aligned])
        return name

    @model_validator(mode="after")
    def _check_timed_is_exported(self) -> "DeploymentParams":
        if self.timed not in self.exported:
            raise ValueError(f"timed = {self.timed}: must be among exported = {list(self.exported)}")
        return self


class EvaluationParams(Section):
    """The measurements on the test part.

    home: the reference point. It is also the default of options on the command line.
    schemes: schemes that are measured over snr_db, with all else as in the reference point.
    swept: those of them that are also measured over csirs_symbols and feedback_bits, at each Q of `panels`, and over
    data_symbols.
    panels: one or two values of Q.
    compared_snr_db: SNRs of the table of all schemes, reports/schemes.json; a subset of snr_db.
    pictures, pictured: number of frames, and schemes, in the figure of predicted masks.
    """

    schemes: tuple[str, ...] = Field(min_length=1)
    swept: tuple[str, ...] = Field(min_length=1)
    home: PointParams
    snr_db: Annotated[tuple[Decibel, ...], _Rising] = Field(min_length=1)
    csirs_symbols: Annotated[tuple[Count, ...], _Rising] = Field(min_length=1)
    feedback_bits: Annotated[tuple[Bits, ...], _Rising] = Field(min_length=1)
    data_symbols: Annotated[tuple[Count, ...], _Rising] = Field(min_length=1)
    panels: Annotated[tuple[Count, ...], _Rising] = Field(min_length=1, max_length=2)
    compared_snr_db: tuple[Decibel, ...] = Field(min_length=1)
    channel_draws: Count
    bootstrap_samples: Annotated[int, Field(ge=100)]
    pictures: Count
    pictured: tuple[str, ...] = Field(min_length=1)

    @field_validator("schemes", "swept", "pictured")
    @classmethod
    def _check_schemes(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for name in names:
                scheme(name)
        except CscsanetError as error:
            raise ValueError(str(error)) from None
        return names

    @model_validator(mode="after")
    def _check_schemes_are_measured(self) -> "EvaluationParams":
        for key in ("pictured", "swept"):
            missing = [name for name in getattr(self, key) if name not in self.schemes]
            if missing:
                raise ValueError(
                    f"{key} = {list(getattr(self, key))}: '{missing[0]}' must be among evaluation.schemes"
                )
        without_channel = [name for name in self.swept if not SCHEMES[name].over_air]
        if without_channel:
            raise ValueError(
                f"swept = {list(self.swept)}: '{without_channel[0]}' has no channel to sweep; name it in schemes alone"
            )
        return self

    @model_validator(mode="after")
    def _check_axes_contain_reference(self) -> "EvaluationParams":
        for name in ("snr_db", "csirs_symbols", "feedback_bits", "data_symbols"):
            values, reference = getattr(self, name), getattr(self.home, name)
            if reference not in values:
                raise ValueError(
                    f"{name} = {list(values)}: must hold home.{name} = {reference:g}, where the axes cross"
                )
        return self

    @model_validator(mode="after")
    def _check_compared_are_measured(self) -> "EvaluationParams":
        missing = [snr for snr in self.compared_snr_db if snr not in self.snr_db]
        if missing:
            raise ValueError(
                f"compared_snr_db = {list(self.compared_snr_db)}: {missing[0]:g} must be among snr_db = {list(self.snr_db)}"
            )
        return self


def _among(names: tuple[str, ...], allowed: list[str]) -> tuple[str, ...]:
    for name in names:
        if name not in allowed:
            raise ValueError(f"'{name}' must be one of {', '.join(allowed)}")
    return names
