"""The report on phase alignment: what each way to foretell phases is worth, what is left of them, and what breaks it."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from torch import Tensor

from cscsanet.channel.dataset import open_drops
from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.evaluation.alignment_figures import miou_figure, phase_figure, robustness_figure
from cscsanet.evaluation.alignment_rows import Case, alignment_rows, miou_figures
from cscsanet.evaluation.device import compute_device
from cscsanet.evaluation.measure import measure
from cscsanet.evaluation.phase_errors import phase_errors, rms_interval
from cscsanet.evaluation.physical_rows import json_decibel
from cscsanet.evaluation.remembering import remembering
from cscsanet.evaluation.sequences import by_sequence, sequences_of
from cscsanet.files import write_by_rename, write_json, write_rows
from cscsanet.links.alignment import Alignment
from cscsanet.links.ideal import IdealLink
from cscsanet.links.joint import JOINT
from cscsanet.links.link import Link
from cscsanet.links.noma import NomaLink
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.metrics.segmentation import miou
from cscsanet.params import ChannelParams, Params
from cscsanet.pipeline.alignment_variants import ACCESS, SLIPPING, AlignmentVariant, studied
from cscsanet.pipeline.fan_out import at_once, fan_out
from cscsanet.pipeline.progress import progress_bar
from cscsanet.pipeline.workspace import Workspace
from cscsanet.points import OperatingPoint
from cscsanet.scenes.dataset import SceneSet, load_part
from cscsanet.tracking import open_tracking
from cscsanet.training.seeds import generator
from cscsanet.training.weights import load_weights

# No batch of an evaluation has this number, so no noise is drawn from this seed.
_MOVING_DROPS = 2**31 + 1
_FORETOLD: tuple[Alignment, ...] = ("learned", "oracle", "genie-first", "classical")
_CSIRS_SNR_DB = (-15.0, -10.0, -5.0, 0.0, 5.0, 10.0)


def report_alignment(workspace: Workspace, params: Params) -> None:
    """Measure every trained link of the study, and write rows and figures."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    with tracker.stage(
        "alignment_report", params, sections=("alignment", "points", "channel", "seed")
    ) as run:
        report = _Report(workspace, params)
        rows, robustness = report.links()
        phases = report.phases()
        reports = workspace.reports
        write_rows(reports / "alignment.json", rows)
        write_rows(reports / "alignment_robustness.json", robustness)
        write_rows(reports / "alignment_phase.json", phases)
        figures = {
            "phase": phase_figure(phases),
            f"miou_{ACCESS}": miou_figure(rows, ACCESS),
            f"robustness_{ACCESS}": robustness_figure(robustness, ACCESS),
        }
        for name, figure in figures.items():
            path = reports / "alignment" / f"{name}.png"
            write_by_rename(path, partial(figure.savefig, dpi=120))
            run.log_artifact(path, "figures")
        summary = {_key(row): row["miou"] for row in rows}
        write_json(reports / "alignment_metrics.json", {"miou": summary})
        run.log_artifact(reports / "alignment.json")
        inputs = workspace.scene_digests() | workspace.drop_digests("test")
        for name, digest in inputs.items():
            run.log_dataset(name, digest, source=name, context="test")
        run.log_metrics({f"{key}/miou": value for key, value in summary.items()})


def _key(row: dict[str, Any]) -> str:
    return f"{row['scheme']}-{row['alignment']}/Q{row['data_symbols']}/{row['snr_db']:g}dB"


class _Report:
    """The study's links and test data, and the three sets of rows."""

    def __init__(self, workspace: Workspace, params: Params) -> None:
        self.workspace, self.params, self.study = workspace, params, params.alignment
        self.samples = params.evaluation.bootstrap_samples
        self.scenes: SceneSet = load_part(workspace.scenes, workspace.split, "test")
        drops = open_drops(workspace.drops("test"))
        drops.check_matches(params.channel)
        self.drops = drops.all()

    def links(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Rows of every alignment, each with its own Stage III: over SNR and Q, and over what breaks it."""
        entries = studied(self.params)
        with progress_bar("alignments", len(entries)) as advance:
            outcomes = fan_out(
                partial(_measure_link, self.workspace, self.params), entries, at_once(self.params), advance
            )
        measured: dict[Case, Tensor] = {}
        robustness: list[dict[str, Any]] = []
        for over_points, rows in outcomes:
            measured |= over_points
            robustness += rows
        rows = alignment_rows(
            measured,
            self.ideal(),
            images=len(self.scenes.names),
            samples=self.samples,
            seed=self.params.seed,
        )
        return rows, robustness

    def ideal(self) -> dict[int, float]:
        """mIoU of the ceiling, by Q."""
        semantic = SemanticLayer(self.params)
        load_weights(semantic, self.workspace.weights("semantic"), self.params)
        link = IdealLink(semantic).eval().to(compute_device())
        with remembering(link):
            return {
                count: float(miou(self._counts(link, self._point(count=count)).sum(dim=0)))
                for count in self.study.data_symbols
            }

    def comparison(self, entry: AlignmentVariant, link: Link) -> dict[Case, Tensor]:
        """Counts over SNR and Q; none of a link that was trained with other oscillators."""
        if entry.slipping:
            return {}
        points = [
            self._point(snr_db, count) for count in self.study.data_symbols for snr_db in self.study.snr_db
        ]
        return {Case(entry.access, entry.alignment, point): self._counts(link, point) for point in points}

    def robustness(self, entry: AlignmentVariant, link: NomaLink) -> list[dict[str, Any]]:
        """mIoU over the power of the CSI-RS, the speed, and the slip of the oscillators."""
        study, channel = self.study, self.params.channel
        conditions: list[tuple[str, float, ChannelParams, PathDrops]] = []
        for offset in study.bs_power_offset_db:
            air = channel.model_copy(update={"bs_power_offset_db": offset})
            conditions.append(("bs_power_offset_db", offset, air, self.drops))
        for speed in study.speeds_kmh:
            conditions.append(("speed_kmh", speed, channel, self._moving(speed)))
        for slip in study.oscillator_rad:
            air = channel.model_copy(update={"oscillator_rad": slip})
            conditions.append(("oscillator_rad", slip, air, self.drops))
        rows = []
        point = self._point()
        for over, value, air, drops in conditions:
            counts = self._counts(link.under(air), point, drops)
            rows.append(
                {
                    "scheme": entry.access,
                    "alignment": SLIPPING if entry.slipping else entry.alignment,
                    "over": over,
                    "value": json_decibel(value),
                    "snr_db": point.snr_db,
                    "data_symbols": point.data_symbols,
                    **miou_figures(counts, self.samples, self.params.seed),
                    "seed": self.params.seed,
                }
            )
        return rows

    def phases(self) -> list[dict[str, Any]]:
        """What is left of the phases, over the CSI-RS SNR, L, and the data symbols at several speeds."""
        points, seed = self.params.points, self.params.seed
        physical = self.link(AlignmentVariant(ACCESS, "learned", f"{ACCESS}_aligned")).physical.to("cpu")
        paths = self.drops[: self.study.drops]
        rows: list[dict[str, Any]] = []

        def add(over: str, air: ChannelParams, drops: PathDrops, length: int, speed: float | None) -> None:
            count = self.study.symbols if over == "symbol" else max(self.study.data_symbols)
            point = OperatingPoint(self.study.home_snr_db, length, points.capacity.feedback_bits, count)
            for kind, sums in phase_errors(physical.under(air), _FORETOLD, drops, point, seed).items():
                for symbol, part in _split(sums, over):
                    rms, low, high = rms_interval(part, self.samples, seed)
                    rows.append(
                        {
                            "alignment": kind,
                            "over": over,
                            "csirs_snr_db": json_decibel(point.snr_db + air.bs_power_offset_db),
                            "csirs_symbols": length,
                            "speed_kmh": speed,
                            "symbol": symbol,
                            "rms_rad": round(rms, 6),
                            "ci_low": round(low, 6),
                            "ci_high": round(high, 6),
                        }
                    )
            advance(1)

        home, longest = self.params.channel, points.capacity.csirs_symbols
        passes = len(_CSIRS_SNR_DB) + 1 + len(points.csirs_symbols) + len(self.study.speeds_kmh)
        with progress_bar("phases that are left", passes) as advance:
            for csirs_snr_db in (*_CSIRS_SNR_DB, float("inf")):
                offset = {"bs_power_offset_db": csirs_snr_db - self.study.home_snr_db}
                add("csirs_snr_db", home.model_copy(update=offset), paths, longest, None)
            for length in points.csirs_symbols:
                add("csirs_symbols", home, paths, length, None)
            for speed in self.study.speeds_kmh:
                add("symbol", home, self._moving(speed, self.study.drops), longest, speed)
        return rows

    def link(self, entry: AlignmentVariant) -> NomaLink:
        """Build a trained link."""
        link = JOINT[entry.access](self.params, entry.alignment)
        load_weights(link, self.workspace.weights(entry.weights), self.params)
        return link.eval().to(compute_device())

    def _point(self, snr_db: float | None = None, count: int | None = None) -> OperatingPoint:
        capacity = self.params.points.capacity
        return OperatingPoint(
            self.study.home_snr_db if snr_db is None else snr_db,
            capacity.csirs_symbols,
            capacity.feedback_bits,
            count or max(self.study.data_symbols),
        )

    def _moving(self, speed_kmh: float, count: int | None = None) -> PathDrops:
        """Drops that differ in their speed alone."""
        source = generator(self.params.seed, "evaluate", _MOVING_DROPS)
        return draw_paths(count or len(self.scenes.names), self.params.channel, source, speed_kmh=speed_kmh)

    def _counts(
        self,
        link: Link,
        point: OperatingPoint,
        drops: PathDrops | None = None,
    ) -> Tensor:
        """Confusion matrices (sequences, 9, 9)."""
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
    workspace: Workspace, params: Params, entry: AlignmentVariant
) -> tuple[dict[Case, Tensor], list[dict[str, Any]]]:
    """One link's part of the report, in a process of its own."""
    report = _Report(workspace, params)
    link = report.link(entry)
    with remembering(link):
        return report.comparison(entry, link), report.robustness(entry, link)


def _split(sums: Tensor, over: str) -> Iterator[tuple[int | None, Tensor]]:
    """Each data symbol's sums (drops, 2), or those of all together."""
    if over != "symbol":
        yield None, sums.sum(dim=1)
        return
    yield from enumerate(sums.unbind(dim=1))
