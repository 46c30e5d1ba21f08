"""The tables of digital-fusion.md."""

from table_rows import interval, markdown, read_rows, select


def over_snr() -> str:
    """Return the bits and the mIoU of every code over the SNR, on the test part."""
    lines = [
        [
            f"{row['snr_db']:g} dB",
            row["code"],
            f"{row['carried_bits']:.0f}",
            f"{row['spent_bits']:.0f}",
            f"{100 * row['lost']:.1f} %",
            interval(row, "miou", 3),
        ]
        for row in sorted(select(read_rows("digital"), split="test"), key=lambda row: row["snr_db"])
        if row["snr_db"] in (-35.0, -25.0, -15.0, -10.0)
    ]
    return markdown(["SNR", "code", "bits that a block may carry", "bits sent", "blocks lost", "mIoU"], lines)


def rules() -> str:
    """Return the mIoU of the rules for the rates, on the validation part."""
    rows = select(read_rows("digital"), split="val", quality_bits=None)
    snrs = sorted({row["snr_db"] for row in rows})
    rules = dict.fromkeys((row["code"], row["error"], row["csi_error"], row["margin_db"]) for row in rows)
    lines = []
    for code, error, csi_error, margin in rules:
        aim = f"error {error:g}, CSI error {csi_error:g}" if error is not None else f"margin {margin:g} dB"
        cells = []
        for snr in snrs:
            (row,) = select(rows, code=code, error=error, csi_error=csi_error, margin_db=margin, snr_db=snr)
            cells += [interval(row, "miou", 3), f"{100 * row['lost']:.1f} %"]
        lines.append([f"{code}, {aim}", *cells])
    heads = [text for snr in snrs for text in (f"mIoU, {snr:g} dB", "lost")]
    return markdown(["rule", *heads], lines)


def reports() -> str:
    """Return the mIoU with reports of the channel's strength of several lengths, on the validation part."""
    rows = [row for row in select(read_rows("digital"), split="val") if row["quality_bits"] is not None]
    snrs = sorted({row["snr_db"] for row in rows})
    lines = []
    for bits, quality, error in dict.fromkeys(
        (row["feedback_bits"], row["quality_bits"], row["csi_error"]) for row in rows
    ):
        cells = [f"{bits}", f"{quality}", f"{error:g}"]
        for snr in snrs:
            (row,) = select(rows, feedback_bits=bits, quality_bits=quality, csi_error=error, snr_db=snr)
            cells += [f"{row['spent_bits']:.0f}", f"{100 * row['lost']:.1f} %", interval(row, "miou", 3)]
        lines.append(cells)
    heads = [text for snr in snrs for text in (f"bits sent, {snr:g} dB", "lost", "mIoU")]
    return markdown(["B", "of these for the strength", "CSI error", *heads], lines)
