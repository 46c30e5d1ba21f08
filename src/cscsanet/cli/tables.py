"""Result rows as tables for the terminal."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.errors import printable
from cscsanet.evaluation.compare import Difference
from cscsanet.evaluation.rows import ResultRow
from cscsanet.evaluation.sweeps import AXES, Axis


def row_table(row: ResultRow) -> None:
    """Print one result row."""
    point = row.point.label() if row.point else "no channel"
    table = Table(title=f"{row.scheme} at {point}", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("mIoU", f"{row.miou:.4f}")
    table.add_row("95 % interval over sequences of images", f"{row.ci_low:.4f} .. {row.ci_high:.4f}")
    table.add_row("mIoU by day, by night", f"{_number(row.miou_day)}, {_number(row.miou_night)}")
    table.add_row("mIoU as the MFNet code counts", f"{row.miou_mfnet:.4f}")
    table.add_row("pixel accuracy", f"{row.pixel_accuracy:.4f}")
    if row.se_per_ue:
        table.add_row(
            "spectral efficiency per UE [bit/s/Hz]", ", ".join(f"{value:.3f}" for value in row.se_per_ue)
        )
    table.add_section()
    for name, value in row.iou.items():
        table.add_row(f"IoU {name}", _number(value))
    table.add_section()
    table.add_row("images x channel draws", f"{row.images} x {row.channel_draws} ({row.split})")
    table.add_row("model", row.model[:12])
    Console().print(table)


def rows_table(rows: Sequence[ResultRow], point: OperatingPoint) -> None:
    """Print several schemes at one point, a line each."""
    first = rows[0]
    table = Table(
        title=f"{point.label()}; {first.images} {first.split} images, 95 % intervals over sequences of images",
        title_justify="left",
        # Fits a terminal of 80 columns.
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for name in ("scheme", "mIoU", "95 % interval", "day", "night", "accuracy"):
        table.add_column(name, justify="left" if name == "scheme" else "right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.scheme + ("" if row.snr_db is not None else " (no channel)"),
            f"{row.miou:.4f}",
            f"{row.ci_low:.4f} .. {row.ci_high:.4f}",
            _number(row.miou_day),
            _number(row.miou_night),
            f"{row.pixel_accuracy:.4f}",
        )
    Console().print(table)


def sweep_table(rows: Sequence[ResultRow], axis: Axis, points: Sequence[OperatingPoint]) -> None:
    """Print schemes along one axis: a line for each value, a column for each scheme, mIoU over its interval."""
    names = list(dict.fromkeys(row.scheme for row in rows))
    fixed = points[0].label(without=axis)
    first = rows[0]
    table = Table(
        title=f"mIoU at {fixed}; {first.images} {first.split} images, 95 % intervals over sequences of images",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column(AXES[axis], justify="right")
    for name in names:
        table.add_column(name, justify="right")
    by_scheme = {name: [row for row in rows if row.scheme == name] for name in names}
    for index, point in enumerate(points):
        cells = [
            f"{row.miou:.4f}\n{row.ci_low:.3f}..{row.ci_high:.3f}"
            for row in (by_scheme[name][index] for name in names)
        ]
        table.add_row(f"{getattr(point, axis):g}", *cells)
    Console().print(table)


def difference_table(differences: Sequence[Difference]) -> None:
    """Print differences, a line for each point."""
    kinds = {True: "paired over sequences of images", False: "unpaired, from the intervals of the rows"}
    paired = sorted({difference.paired for difference in differences}, reverse=True)
    kind = " or ".join(kinds[each] for each in paired)
    table = Table(
        title=f"mIoU of A - mIoU of B, 95 % intervals {kind}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    # Of long names A and B have a line each, so that the table fits a terminal of 80 columns.
    table.add_column("A - B, point", overflow="fold")
    for name in ("mIoU A", "mIoU B", "A - B", "95 % interval"):
        table.add_column(name, justify="right", no_wrap=True)
    pair = None
    for difference in differences:
        if pair != (difference.a, difference.b):
            pair = (difference.a, difference.b)
            # Names come from files, and are no markup.
            table.add_row(Text(f"{printable(difference.a)} -\n{printable(difference.b)}", style="bold"))
        table.add_row(
            Text(printable(f"  {difference.point}")),
            f"{difference.miou_a:.4f}",
            f"{difference.miou_b:.4f}",
            f"{difference.difference:+.4f}",
            f"{difference.ci_low:+.4f} .. {difference.ci_high:+.4f}",
        )
    Console().print(table)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
