"""Tables of the compiled CSI unit, from reports/benchmarks/csi_search.json."""

from typing import Any

from table_rows import markdown, read_report

Row = dict[str, Any]
_REPORT = "benchmarks/csi_search"


def times() -> str:
    """Return the times of a UE's CSI unit as a kernel and in ONNX Runtime."""
    lines = [
        [
            f"`{row['unit']}`",
            str(row["csirs_symbols"]),
            *(cell for name in ("fused", "onnx") for cell in _times(row, name)),
            f"{row['times_as_fast']:.1f} [{row['low']:.1f}, {row['high']:.1f}]",
        ]
        for row in read_report(_REPORT)["latency"]
    ]
    head = [
        "unit",
        "L",
        "kernel [ms]",
        "its core [ms]",
        "slots",
        "ONNX Runtime [ms]",
        "its core [ms]",
        "slots",
    ]
    return markdown([*head, "times as fast"], lines)


def beams() -> str:
    """Return the agreement of the kernel with PyTorch, and the loss of spectral efficiency, at each point."""
    lines = [
        [
            f"{row['snr_db']:g} dB, L {row['csirs_symbols']}, B {row['feedback_bits']}",
            str(row["drops"]),
            f"{row['pytorch_se']:.2f}",
            f"{100 * row['fused']['bits_equal']:.3f} %",
            f"{100 * row['onnx']['bits_equal']:.3f} %",
            f"{100 * row['fused']['loss']:.4f} [{100 * row['fused']['low']:.4f}, {100 * row['fused']['high']:.4f}]",
        ]
        for row in read_report(_REPORT)["beams"]
    ]
    head = [
        "point",
        "drops",
        "SE of PyTorch [bit/s/Hz]",
        "bits equal",
        "bits equal, ONNX Runtime",
        "SE lost [%]",
    ]
    return markdown(head, lines)


def slots() -> str:
    """Return the slots of its core that the slower UE needs with the kernel, at the largest L."""
    rows = read_report(_REPORT)["latency"]
    longest = max(row["csirs_symbols"] for row in rows)
    return f"{max(row['fused_processor_slots'] for row in rows if row['csirs_symbols'] == longest):.1f}"


def _times(row: Row, name: str) -> list[str]:
    passed = row[name]
    return [
        f"{passed['median']:.2f} [{passed['p25']:.2f}, {passed['p75']:.2f}]",
        f"{row[f'{name}_processor_ms']:.2f}",
        f"{row[f'{name}_processor_slots']:.1f}",
    ]
