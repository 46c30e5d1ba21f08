"""The measurements of the alignment study: mIoU of trained links, and residual phase errors."""

from collections.abc import Callable
from functools import partial

from torch import Tensor

from cscsanet.channel.dataset import open_drops
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.sources import open_source
from cscsanet.config.left_out import why_unaligned
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.system import ChannelParams
from cscsanet.evaluation.cache import cached_features
from cscsanet.evaluation.measure import constant_prediction, measure
from cscsanet.evaluation.schemes import compute_device
from cscsanet.links.alignment import Alignment
from cscsanet.links.csc_sa_net import JOINT, NomaLink
from cscsanet.links.ideal import IdealLink
from cscsanet.links.link import Link
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.links.shared_copy import with_channel
from cscsanet.metrics.estimate import estimate
from cscsanet.metrics.segmentation import miou
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.scenes.sequences import by_sequence, sequences_of
from cscsanet.studies.alignment.phase_errors import phase_errors, rms
from cscsanet.studies.alignment.rows import AlignmentRow, Case, PhaseRow, RobustnessRow, alignment_rows
from cscsanet.studies.alignment.variants import ACCESS, AlignmentVariant, study_variants
from cscsanet.training.seeds import generator
from cscsanet.training.weights import load_weights
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.workspace import Workspace

# The batches of an evaluation are numbered from 0, so no noise is drawn with this seed.
_MOVING_DROPS = 2**31 + 1
# Kinds of alignment whose phase errors are measured.
_PREDICTED: tuple[Alignment, ...] = ("learned", "oracle", "genie-first", "classical")
_CSIRS_SNR_DB = (-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, float("inf"))


class AlignmentStudy:
    """The test data of the study, and its three sets of rows."""

    def __init__(self, workspace: Workspace, params: Params) -> None:
        self.workspace, self.params, self.study = workspace, params, params.alignment
        self.samples = params.evaluation.bootstrap_samples
        self.scenes: SceneSet = load_part(workspace.scenes, workspace.split, "test")
        drops = open_drops(workspace.drops("test"))
        drops.check_matches(params.channel)
        self.drops = drops.all()

    def link_rows(self, advance: Callable[[int], None]) -> tuple[list[AlignmentRow], list[RobustnessRow]]:
        """Measure every trained link over SNR and Q, and in changed channels, in parallel."""
        results = fan_out(
            partial(_measure_link, self.workspace, self.params),
            study_variants(self.params),
            num_workers(self.params),
            advance,
        )
        counts: dict[Case, Tensor] = {}
        robustness: list[RobustnessRow] = []
        for link_counts, link_rows in results:
            counts |= link_counts
            robustness += link_rows
        rows = alignment_rows(
            counts,
            self.ideal_miou(),
            float(miou(constant_prediction(self.scenes).confusions.sum(dim=(0, 1)))),
            images=len(self.scenes.names),
            samples=self.samples,
            seed=self.params.seed,
        )
        return rows, robustness

    def ideal_miou(self) -> dict[int, float]:
        """Measure the error-free link: Q -> mIoU."""
        semantic = SemanticLayer(self.params)
        load_weights(semantic, self.workspace.weights("semantic"), self.params)
        link = IdealLink(semantic).eval().to(compute_device())
        with cached_features(link):
            return {
                count: float(miou(self._counts(link, self._point(data_symbols=count)).sum(dim=0)))
                for count in self.study.data_symbols
            }

    def point_counts(self, variant: AlignmentVariant, link: Link) -> dict[Case, Tensor]:
        """Count confusions over SNR and Q; none for a link that was trained with a phase offset."""
        if variant.phase_offset:
            return {}
        points = [
            self._point(snr_db, count) for count in self.study.data_symbols for snr_db in self.study.snr_db
        ]
        return {Case(variant.access, variant.alignment, point): self._counts(link, point) for point in points}

    def robustness_rows(self, variant: AlignmentVariant, link: NomaLink) -> list[RobustnessRow]:
        """Measure the mIoU over CSI-RS power, speed, and phase offset of the oscillators."""
        study, channel, point = self.study, self.params.channel, self._point()
        conditions: list[tuple[str, float, ChannelParams, PathDrops]] = []
        for offset in study.bs_power_offset_db:
            changed = channel.model_copy(update={"bs_power_offset_db": offset})
            conditions.append(("bs_power_offset_db", offset, changed, self.drops))
        for speed in study.speeds_kmh:
            conditions.append(("speed_kmh", speed, channel, self._moving_drops(speed)))
        for deviation in study.oscillator_rad:
            changed = channel.model_copy(update={"oscillator_rad": deviation})
            conditions.append(("oscillator_rad", deviation, changed, self.drops))
        rows = []
        for over, value, changed, drops in conditions:
            counts = self._counts(with_channel(link, changed), point, drops)
            mean = estimate(counts, miou, self.samples, self.params.seed)
            rows.append(
                RobustnessRow(variant.access, variant.label, over, value, point, mean, self.params.seed)
            )
        return rows

    @property
    def phase_passes(self) -> int:
        """How often `phase_rows` calls `advance`."""
        if why_unaligned(self.params):
            return 0
        return len(_CSIRS_SNR_DB) + len(self.params.points.csirs_symbols) + len(self.study.speeds_kmh)

    def phase_rows(self, advance: Callable[[int], None]) -> list[PhaseRow]:
        """Measure residual phase errors over CSI-RS SNR, L, and data symbols at several speeds.

        There are none where no streams can be aligned.
        """
        if why_unaligned(self.params):
            return []
        points, channel, seed = self.params.points, self.params.channel, self.params.seed
        variant = AlignmentVariant(ACCESS, "learned", f"{ACCESS}_aligned")
        physical = self.load_link(variant).physical.to("cpu")
        paths = self.drops[: self.study.drops]
        largest = points.capacity.csirs_symbols
        rows: list[PhaseRow] = []

        def add(
            over: str, changed: ChannelParams, drops: PathDrops, csirs_symbols: int, speed: float | None
        ) -> None:
            count = self.study.symbols if over == "symbol" else max(self.study.data_symbols)
            snr_db, bits = self.study.home_snr_db, points.capacity.feedback_bits
            point = OperatingPoint(snr_db, csirs_symbols, bits, count)
            csirs_snr_db = point.snr_db + changed.bs_power_offset_db
            for kind, sums in phase_errors(
                with_channel(physical, changed), _PREDICTED, drops, point, seed
            ).items():
                # (symbol, sums (drops, 2)): one for each data symbol, or one for all.
                parts = enumerate(sums.unbind(dim=1)) if over == "symbol" else [(None, sums.sum(dim=1))]
                for symbol, part in parts:
                    error = estimate(part, rms, self.samples, seed)
                    rows.append(PhaseRow(kind, over, csirs_snr_db, csirs_symbols, speed, symbol, error))
            advance(1)

        for csirs_snr_db in _CSIRS_SNR_DB:
            offset = {"bs_power_offset_db": csirs_snr_db - self.study.home_snr_db}
            add("csirs_snr_db", channel.model_copy(update=offset), paths, largest, None)
        for csirs_symbols in points.csirs_symbols:
            add("csirs_symbols", channel, paths, csirs_symbols, None)
        for speed in self.study.speeds_kmh:
            add("symbol", channel, self._moving_drops(speed, self.study.drops), largest, speed)
        return rows

    def load_link(self, variant: AlignmentVariant) -> NomaLink:
        """Build a link with its trained weights."""
        link = JOINT[variant.access](self.params, variant.alignment)
        load_weights(link, self.workspace.weights(variant.weights), self.params)
        return link.eval().to(compute_device())

    def _point(self, snr_db: float | None = None, data_symbols: int | None = None) -> OperatingPoint:
        capacity = self.params.points.capacity
        return OperatingPoint(
            self.study.home_snr_db if snr_db is None else snr_db,
            capacity.csirs_symbols,
            capacity.feedback_bits,
            data_symbols or max(self.study.data_symbols),
        )

    def _moving_drops(self, speed_kmh: float, count: int | None = None) -> PathDrops:
        """Draw drops that are the same for every speed but for the Doppler shifts."""
        source = generator(self.params.seed, "evaluate", _MOVING_DROPS)
        drops = open_source(self.params.channel, self.workspace.root, "test")
        return drops.draw(count or len(self.scenes.names), source, speed_kmh=speed_kmh)

    def _counts(self, link: Link, point: OperatingPoint, drops: PathDrops | None = None) -> Tensor:
        """Return confusion matrices (sequences, 9, 9)."""
        outcome = measure(
            link,
            self.scenes,
            self.drops if drops is None else drops,
            point,
            self.params.channel,
            draws=1,
            seed=self.params.seed,
        )
        sequences = sequences_of(self.scenes.names, self.workspace.scenes)
        return by_sequence(outcome.confusions.sum(dim=1), sequences)


def _measure_link(
    workspace: Workspace, params: Params, variant: AlignmentVariant
) -> tuple[dict[Case, Tensor], list[RobustnessRow]]:
    """Measure one link; a job of `fan_out`."""
    study = AlignmentStudy(workspace, params)
    link = study.load_link(variant)
    with cached_features(link):
        return study.point_counts(variant, link), study.robustness_rows(variant, link)
