"""The tables of complexity.md and deployment.md."""

from table_rows import Row, markdown, read_report

from cscsanet.page.rows import count as big


def complexity_table_ii() -> str:
    """The paper's Table II, beside ours at the paper's sizes."""
    lines = [
        [
            row["title"],
            f"{big(row['paper_flops'])}, {big(row['multiply_additions'])}",
            f"{big(row['paper_parameters'])}, {big(row['parameters'])}",
            f"{big(row['paper_memory'])}, {big(row['activation_bytes'])}B",
            f"{row['paper_flops_per_parameter']:.3g}, {row['multiply_additions'] / row['parameters']:.3g}",
        ]
        for row in read_report("complexity")["table_ii"]
    ]
    head = ["paper, ours", "FLOPs, multiply-additions", "parameters", "peak memory", "per parameter"]
    return markdown(head, lines)


def complexity_schemes() -> str:
    """Every scheme at both sizes, with the front that stands first for each."""
    rows = read_report("complexity")["schemes"]
    lines = [
        [
            f"`{row['scheme']}`" + (f", {row['front']}" if row["front"] else ""),
            row["sizes"],
            big(row["flops"] / 2),
            big(row["parameters"]),
            big(row["activation_bytes"]) + "B",
        ]
        for row in rows
    ]
    return markdown(["scheme", "sizes", "multiply-additions", "parameters", "peak activations"], lines)


def complexity_parts() -> str:
    """The parts of the pipeline's own front at the small sizes, in a graph and by PyTorch's counter."""
    rows = [
        row
        for row in read_report("complexity")["parts"]
        if row["sizes"] == "small" and row["front"] in ("", "beamspace") and row["multiply_additions"]
    ]
    lines = [
        [
            row["group"],
            row["part"],
            row["end"],
            row["method"],
            str(row["calls"]),
            big(row["multiply_additions"]),
            big(row["counted_by_torch"]),
            big(row["parameters"]),
            big(row["activation_bytes"]) + ("B" if row["activation_bytes"] else ""),
        ]
        for row in rows
    ]
    head = [
        "of",
        "part",
        "at",
        "counted in",
        "calls",
        "multiply-additions",
        "PyTorch's counter",
        "parameters",
    ]
    return markdown([*head, "peak activations"], lines)


def parity() -> str:
    """Every comparison of the units with PyTorch."""
    lines = [
        [
            f"`{row['scheme']}`",
            f"{row['snr_db']:g} dB, L {row['csirs_symbols']}, B {row['feedback_bits']}, Q {row['data_symbols']}",
            str(row["drops"]),
            f"{row['bits'] - row['bits_unequal']} of {row['bits']}",
            f"{row['logits_apart']:.1e}",
            f"{100 * row['masks_equal']:.3f} %",
            "yes" if row["passed"] else "no",
        ]
        for row in read_report("parity")["chains"]
    ]
    head = ["scheme", "point", "drops", "bits equal", "logits apart", "masks equal", "within tolerance"]
    return markdown(head, lines)


def parity_networks() -> str:
    """The networks of the baselines, each alone."""
    lines = [
        [f"`{row['scheme']}`", f"`{row['unit']}`", f"{row['apart']:.1e}", "yes" if row["passed"] else "no"]
        for row in read_report("parity")["networks"]
    ]
    return markdown(["scheme", "network", "apart", "within tolerance"], lines)


def _times(row: Row, key: str) -> str:
    return f"{row[key]['median']:.2f} [{row[key]['p25']:.2f}, {row[key]['p75']:.2f}]"


def _speedup(row: Row) -> str:
    return f"{row['speedup']:.2f} [{row['speedup_low']:.2f}, {row['speedup_high']:.2f}]"


def latency() -> str:
    """Every unit in both runtimes."""
    lines = [
        [
            f"`{row['unit']}`",
            str(row["threads"]),
            _times(row, "onnxruntime"),
            _times(row, "pytorch"),
            _speedup(row),
            f"{row['slots']:.0f}",
        ]
        for row in read_report("latency")["units"]
    ]
    return markdown(["unit", "threads", "ONNX Runtime [ms]", "PyTorch [ms]", "times as fast", "slots"], lines)


def int8_times() -> str:
    """The fusion units in float32 and in int8."""
    lines = [
        [
            f"`{row['unit']}`",
            row["way"],
            str(row["threads"]),
            _times(row, "full"),
            _times(row, "int8"),
            _speedup(row),
        ]
        for row in read_report("latency")["int8"]
    ]
    return markdown(["unit", "int8", "threads", "float32 [ms]", "int8 [ms]", "times as fast"], lines)


def int8_miou() -> str:
    """The whole chain with its fusion units in int8."""
    lines = [
        [
            row["way"],
            f"{row['snr_db']:g}",
            f"{row['miou_full']:.3f}",
            f"{row['miou']:.3f}",
            f"{row['lost']:+.4f} [{row['lost_low']:.4f}, {row['lost_high']:.4f}]",
        ]
        for row in read_report("latency")["int8_miou"]
    ]
    return markdown(["int8", "SNR [dB]", "mIoU, float32", "mIoU, int8", "lost"], lines)
