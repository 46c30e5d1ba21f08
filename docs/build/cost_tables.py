"""The tables of complexity.md and deployment.md."""

from table_rows import Row, markdown, read_report, select

from cscsanet.page.rows import count


def complexity_table_ii() -> str:
    """Return the paper's Table II beside our numbers at the paper's sizes."""
    lines = [
        [
            row["title"],
            f"{count(row['paper_flops'])}, {count(row['multiply_additions'])}",
            f"{count(row['paper_parameters'])}, {count(row['parameters'])}",
            f"{count(row['paper_memory'])}, {count(row['activation_bytes'])}B",
            f"{row['paper_flops_per_parameter']:.3g}, {row['multiply_additions'] / row['parameters']:.3g}",
        ]
        for row in read_report("complexity")["table_ii"]
    ]
    head = ["paper, ours", "FLOPs, multiply-additions", "parameters", "peak memory", "per parameter"]
    return markdown(head, lines)


def complexity_schemes() -> str:
    """Return the cost of every scheme at both sizes. CSC-SA-Net has a row for each front end."""
    rows = read_report("complexity")["schemes"]
    lines = [
        [
            f"`{row['scheme']}`" + (f", {row['front']}" if row["front"] else ""),
            row["sizes"],
            count(row["flops"] / 2),
            count(row["parameters"]),
            count(row["activation_bytes"]) + "B",
        ]
        for row in rows
    ]
    return markdown(["scheme", "sizes", "multiply-additions", "parameters", "peak activations"], lines)


def complexity_parts() -> str:
    """Return the cost of every part at the small sizes, with the `beamspace` front end.

    Multiply-additions are counted in the graph and by PyTorch's counter.
    """
    rows = [
        row
        for row in read_report("complexity")["parts"]
        if row["sizes"] != "paper" and row["front"] in ("", "beamspace") and row["multiply_additions"]
    ]
    lines = [
        [
            row["group"],
            row["part"],
            row["end"],
            row["method"],
            str(row["calls"]),
            count(row["multiply_additions"]),
            count(row["counted_by_torch"]),
            count(row["parameters"]),
            count(row["activation_bytes"]) + ("B" if row["activation_bytes"] else ""),
        ]
        for row in rows
    ]
    head = [
        "group",
        "part",
        "station",
        "counted in",
        "calls",
        "multiply-additions",
        "PyTorch's counter",
        "parameters",
    ]
    return markdown([*head, "peak activations"], lines)


def front_end_parameters() -> str:
    """Return the parameters of the paper's front end over those of ours, at the paper's sizes."""
    rows = select(read_report("complexity")["parts"], sizes="paper", group="csi")
    subcarrier, beamspace = (
        sum(row["parameters"] for row in select(rows, front=front)) for front in ("subcarrier", "beamspace")
    )
    return f"{subcarrier / beamspace:.0f}"


def mfnet_parameters() -> str:
    """Return the parameters that the paper gives for MFNet over those that it has."""
    (row,) = select(read_report("complexity")["table_ii"], title="MFNet")
    return f"{row['paper_parameters'] / row['parameters']:.1f}"


def parity() -> str:
    """Return the comparisons of the chain of units with the link in PyTorch."""
    lines = [
        [
            f"`{row['scheme']}`",
            f"{row['snr_db']:g} dB, L {row['csirs_symbols']}, B {row['feedback_bits']}, Q {row['data_symbols']}",
            str(row["drops"] - row["undecided"]),
            f"{row['bits'] - row['bits_unequal']} of {row['bits']}",
            f"{row['logits_apart']:.1e}",
            f"{100 * row['masks_equal']:.3f} %",
            "yes" if row["passed"] else "no",
        ]
        for row in read_report("parity")["chains"]
    ]
    head = [
        "scheme",
        "point",
        "drops compared",
        "bits equal",
        "largest logit error",
        "masks equal",
        "within tolerance",
    ]
    return markdown(head, lines)


def parity_networks() -> str:
    """Return the comparisons of the networks of the baselines with PyTorch."""
    lines = [
        [f"`{row['scheme']}`", f"`{row['unit']}`", f"{row['apart']:.1e}", "yes" if row["passed"] else "no"]
        for row in read_report("parity")["networks"]
    ]
    return markdown(["scheme", "network", "largest error", "within tolerance"], lines)


def _times(row: Row, key: str) -> str:
    return f"{row[key]['median']:.2f} [{row[key]['p25']:.2f}, {row[key]['p75']:.2f}]"


def _speedup(row: Row) -> str:
    return f"{row['speedup']:.2f} [{row['speedup_low']:.2f}, {row['speedup_high']:.2f}]"


def latency() -> str:
    """Return the latency of every unit in both runtimes."""
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


def csi_slots() -> str:
    """Return the slots that the slower UE needs to acquire its CSI on one thread."""
    rows = select(read_report("latency")["units"], threads=1)
    return f"{max(row['slots'] for row in rows if row['unit'].endswith('_csi')):.0f}"


def int8_times() -> str:
    """Return the latency of the fusion units in float32 and in int8."""
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
    """Return the mIoU of the whole chain with its fusion units in int8."""
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
    return markdown(["int8", "SNR [dB]", "mIoU, float32", "mIoU, int8", "loss"], lines)
