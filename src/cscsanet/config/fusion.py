"""The parameters of SRS and feedback fusion precoding, specialists/fusion/params.yaml."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from cscsanet.config.params import load_kind
from cscsanet.config.system import Count, Decibel, DecibelRange, Section
from cscsanet.config.training import FitParams
from cscsanet.config.variants import SpecialistParams, check_trainings

NAME = "fusion"
OURS = "fusion"  # the method of the parameters as they are, which is no variant
SECTIONS = ("training_link", "network", "fit", "recipe")  # sections that a variant may change
# The parameters that shape the networks: weights load only where these are equal.
SHAPES = ("network", "air.antennas", "air.subcarriers", "air.comb", "air.paths", "air.ports")
MOST_BITS = 256


def _even(bits: int) -> int:
    if bits % 2:
        raise ValueError("must be a multiple of 2 (a digit has two bits)")
    return bits


Bits = Annotated[int, Field(ge=0, le=MOST_BITS), AfterValidator(_even)]
Correlation = Annotated[float, Field(ge=0, le=1)]
Milliseconds = Annotated[float, Field(ge=0, le=1000)]
Speed = Annotated[float, Field(ge=0, le=1000)]


def _rising(values: tuple[float, float]) -> tuple[float, float]:
    if values[0] > values[1]:
        raise ValueError("must be [lowest, highest]")
    return values


class AirParams(Section):
    """The users of a BS, and their channels.

    antennas: M, a uniform linear array. subcarriers: N_c. comb: of the SRS, which sound every so many subcarriers. paths:
    L_p of a user. max_delay: of a path [samples], with N_c samples in an OFDM symbol. carrier_ghz: of the downlink. ports:
    most CSI-RS ports of a user.
    """

    antennas: Annotated[int, Field(ge=8, multiple_of=8)]
    subcarriers: Count
    comb: Count
    paths: Count
    max_delay: Annotated[float, Field(ge=0)]
    carrier_ghz: Annotated[float, Field(gt=0)]
    ports: Count

    @model_validator(mode="after")
    def _check(self) -> "AirParams":
        if self.subcarriers % (8 * self.comb):
            raise ValueError(
                f"subcarriers = {self.subcarriers}: must be a multiple of {8 * self.comb}, eight for each of comb"
            )
        if self.max_delay >= self.subcarriers / self.comb:
            raise ValueError(
                f"max_delay = {self.max_delay:g}: must be below subcarriers / comb = {self.subcarriers / self.comb:g}, "
                "which a comb can tell apart"
            )
        return self


class LinkParams(Section):
    """The point at which the axes of the tests cross.

    feedback_bits: B of a user. ports: P of a user. srs_snr_db: of a user at an antenna and subcarrier. dl_snr_db: of the
    transmit power at an antenna of a user. age_ms: of the SRS when data are sent. speed_kmh: of all users. rho: correlation
    of the gains of both links. users: K.
    """

    feedback_bits: Bits
    ports: Count
    srs_snr_db: Decibel
    dl_snr_db: Decibel
    age_ms: Milliseconds
    speed_kmh: Speed
    rho: Correlation
    users: Count


class TrainingLinkParams(Section):
    """The links of the trainings, drawn for each part of a batch: [lowest, highest], or values to choose from.

    reciprocal_share: share of the parts with rho = 1. fresh_share: share of the drops whose SRS have no age.
    parts: of a batch.
    """

    feedback_bits: tuple[Bits, ...] = Field(min_length=1)
    ports: tuple[Count, ...] = Field(min_length=1)
    srs_snr_db: DecibelRange
    dl_snr_db: DecibelRange
    age_ms: Annotated[tuple[Milliseconds, Milliseconds], AfterValidator(_rising)]
    speed_kmh: Annotated[tuple[Speed, Speed], AfterValidator(_rising)]
    rho: Annotated[tuple[Correlation, Correlation], AfterValidator(_rising)]
    users: tuple[Count, ...] = Field(min_length=1)
    reciprocal_share: Correlation
    fresh_share: Correlation
    parts: Count


class NetworkParams(Section):
    """The networks.

    form: ours, which fuses beliefs (beliefs), the paper's, which fuses precoders (precoders), or a separate design without
    SRS (autoencoder). projection: network of the image that SRS show: MAXIM, a plain CNN of about its size, or none. ports:
    learned, on the strongest paths (classical), or of beams at equal steps. frequency, beam, port: whether ports make up for
    delays, have beams on paths, and choose and mix paths. fuses_srs: whether the last precoder sees the SRS. channels, blocks:
    of the projection. hidden: of the others.
    """

    form: Literal["beliefs", "precoders", "autoencoder"]
    projection: Literal["maxim", "cnn", "none"]
    ports: Literal["learned", "classical", "random"]
    frequency: bool
    beam: bool
    port: bool
    fuses_srs: bool
    channels: Annotated[int, Field(ge=2, multiple_of=2)]
    blocks: Count
    hidden: Count


class FusionFitParams(FitParams):
    """The training in three stages, in shares of its epochs: SRS branch; ports, UE and feedback branch; then all.

    val_drops: validation drops of each link that it is validated in.
    """

    stages: tuple[Correlation, Correlation]
    val_drops: Count

    @model_validator(mode="after")
    def _check(self) -> "FusionFitParams":
        if sum(self.stages) >= 1:
            raise ValueError(f"stages = {list(self.stages)}: must leave epochs for the training of all")
        first_two = round(sum(self.stages) * self.epochs)
        if self.patience < first_two:
            raise ValueError(
                f"patience = {self.patience}: must be at least {first_two}, the epochs of the first two stages, in which "
                "fusion is not trained"
            )
        return self


class FusionEvaluationParams(Section):
    """The tests: an axis for each of the lists, with all else as in `link`.

    val_drops, test_drops: of each point; what methods without learning can choose is chosen on the validation drops.
    weak_srs_db: SNR of the SRS at which bits and ports are axes once more.
    """

    val_drops: Count
    test_drops: Count
    bootstrap_samples: Annotated[int, Field(ge=100)]
    weak_srs_db: Decibel
    feedback_bits: tuple[Bits, ...] = Field(min_length=1)
    ports: tuple[Count, ...] = Field(min_length=1)
    srs_snr_db: tuple[Decibel, ...] = Field(min_length=1)
    dl_snr_db: tuple[Decibel, ...] = Field(min_length=1)
    age_ms: tuple[Milliseconds, ...] = Field(min_length=1)
    speed_kmh: tuple[Speed, ...] = Field(min_length=1)
    rho: tuple[Correlation, ...] = Field(min_length=1)
    users: tuple[Count, ...] = Field(min_length=1)


class AnchorParams(Section):
    """Feedback without SRS at the point of Sohrabi et al. (arXiv 2007.06512), whose sizes are theirs.

    bits: B of a user. seeds: of pilots, cells and tables. grid: directions of the search of a user. kept: pairs of directions
    that make up its posterior. pilot_steps, pilot_batch: of the learned pilots. cell_drops, cell_rounds: of the cells.
    beam_steps, beam_batch: of the tables of beams. val_drops: on which codes are chosen. test_drops: of the rows.
    """

    bits: tuple[Annotated[int, Field(ge=1, le=MOST_BITS)], ...] = Field(min_length=1)
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**31)], ...] = Field(min_length=1)
    grid: Annotated[int, Field(ge=8)]
    kept: Count
    pilot_steps: Annotated[int, Field(ge=0)]
    pilot_batch: Count
    cell_drops: Count
    cell_rounds: Annotated[int, Field(ge=0)]
    beam_steps: Annotated[int, Field(ge=0)]
    beam_batch: Count
    val_drops: Count
    test_drops: Count
    bootstrap_samples: Annotated[int, Field(ge=100)]


class FusionParams(SpecialistParams):
    """All of specialists/fusion/params.yaml."""

    air: AirParams
    link: LinkParams
    training_link: TrainingLinkParams
    network: NetworkParams
    fit: FusionFitParams
    evaluation: FusionEvaluationParams
    anchor: AnchorParams

    @model_validator(mode="after")
    def _check_between_sections(self) -> "FusionParams":
        for key, values in (
            ("link.ports", (self.link.ports,)),
            ("training_link.ports", self.training_link.ports),
            ("evaluation.ports", self.evaluation.ports),
        ):
            if max(values) > self.air.ports:
                raise ValueError(f"{key} = {list(values)}: must not be above air.ports = {self.air.ports}")
        if self.air.ports > self.air.paths:
            raise ValueError(
                f"air.ports = {self.air.ports}: must not be above air.paths = {self.air.paths}, as each is on a path"
            )
        check_trainings(self, OURS, SECTIONS)
        return self


def load_fusion_params(path: Path) -> FusionParams:
    """Return the parameters of fusion precoding, checked.

    Raises:
        CscsanetError: as of `config.params.load_params`.
    """
    return load_kind(path, FusionParams, f"cscsanet profile small --specialist {NAME}")
