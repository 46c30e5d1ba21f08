"""Write the tables of these pages anew from reports/: `python docs/tables.py`.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; the text around it is nobody's but its writers'.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import tables_of_costs
from table_rows import Row, chosen, distinct, interval, markdown, read_report, read_rows

DOCS = Path(__file__).parent
_BLOCK = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Fill every block of every page."""
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        filled = _BLOCK.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", text)
        if filled != text:
            page.write_text(filled, encoding="utf-8")
            print(page.name)


PHYSICAL_TITLES = {
    "full-digital": "fully digital, perfect CSI",
    "genie": "genie hybrid, perfect CSI",
    "codebook": "codebook",
    "codebook-learned-csirs": "codebook on the learned CSI-RS",
    "subcarrier": "`subcarrier`, the paper's front, one model",
    "beamspace-elastic": "`beamspace`, one model for all L and B",
    "beamspace-dedicated": "`beamspace`, trained for this point",
}


def physical_schemes() -> str:
    """Sum SE of every scheme at the largest L and B, and its share of the genie's."""
    rows = [row for row in read_rows("physical") if row["bs_power_offset_db"] in (20.0, None)]
    longest, most = max(distinct(rows, "csirs_symbols")), max(distinct(rows, "feedback_bits"))
    here = [row for row in chosen(rows, csirs_symbols=longest) if row["feedback_bits"] in (most, None)]
    snrs = distinct(here, "snr_db")
    lines = []
    for scheme, title in PHYSICAL_TITLES.items():
        own = [chosen(here, scheme=scheme, snr_db=snr) for snr in snrs]
        if all(own):
            cells = [f"{interval(row, 'sum_se', 3)}, {100 * row['share_of_genie']:.1f} %" for (row,) in own]
            lines.append([title, *cells])
    return markdown(["", *(f"{snr:+g} dB" for snr in snrs)], lines)


def physical_grid() -> str:
    """The elastic model over L and B: its share of the genie, and its leads in per cent."""
    rows = chosen(read_rows("physical"), bs_power_offset_db=20.0)
    snrs = distinct(rows, "snr_db")

    def cells(length: int, budget: int, cell: Callable[[Mapping[str, Row]], str]) -> str:
        found = []
        for snr in snrs:
            at = chosen(rows, csirs_symbols=length, feedback_bits=budget, snr_db=snr)
            found.append(cell({row["scheme"]: row for row in at}))
        return "-" if "" in found else ", ".join(found)

    def lead(scheme: str) -> Callable[[Mapping[str, Row]], str]:
        def cell(at: Mapping[str, Row]) -> str:
            if scheme not in at:
                return ""
            row = at[scheme]
            share = 100 * row["difference"] / (row["sum_se"] - row["difference"])
            sure = row["difference_low"] > 0 or row["difference_high"] < 0
            return f"**{share:+.1f}**" if sure else f"{share:+.1f}"

        return cell

    def csirs(at: Mapping[str, Row]) -> str:
        own, other = (at[name]["sum_se"] for name in ("beamspace-elastic", "codebook-learned-csirs"))
        return f"{100 * (own / other - 1):+.1f}"

    def share(at: Mapping[str, Row]) -> str:
        return f"{100 * at['beamspace-elastic']['share_of_genie']:.1f}"

    head = [
        "L",
        "B",
        f"share: {', '.join(f'{snr:+g}' for snr in snrs)} dB",
        "over the codebook",
        "over the codebook on the learned CSI-RS",
        "dedicated over elastic",
    ]
    lines = []
    for length in distinct(rows, "csirs_symbols"):
        for budget in distinct(rows, "feedback_bits"):
            kinds = (share, lead("beamspace-elastic"), csirs, lead("beamspace-dedicated"))
            lines.append([str(length), str(budget), *(cells(length, budget, kind) for kind in kinds)])
    return markdown(head, lines)


def physical_power() -> str:
    """Sum SE over the power of the CSI-RS at the largest L and B."""
    rows = [row for row in read_rows("physical") if row["bs_power_offset_db"] is not None]
    longest, most = max(distinct(rows, "csirs_symbols")), max(distinct(rows, "feedback_bits"))
    here = chosen(rows, csirs_symbols=longest, feedback_bits=most)
    schemes = ("codebook", "beamspace-elastic", "beamspace-dedicated", "subcarrier")
    snrs = distinct(here, "snr_db")
    lines = []
    for power in distinct(here, "bs_power_offset_db"):
        cells = []
        for snr in snrs:
            at = {row["scheme"]: row for row in chosen(here, bs_power_offset_db=power, snr_db=snr)}
            cells.append(" / ".join(f"{at[name]['sum_se']:.3f}" for name in schemes if name in at))
        lines.append([f"{float(power):g}", *cells])
    return markdown(["CSI-RS over the UEs [dB]", *(f"{snr:+g} dB" for snr in snrs)], lines)


ALIGNMENT_TITLES = {
    "none": "none: the paper's form",
    "classical": "classical: strongest grid beam",
    "learned": "**learned (ours)**",
    "genie-first": "genie, first data symbol",
    "genie-all": "genie, every data symbol",
    "slipping": "learned, oscillators slipped in training",
}


def alignment_miou() -> str:
    """MIoU of every alignment over SNR and Q, with the share of the ceiling."""
    rows = read_rows("alignment")
    snrs = distinct(rows, "snr_db")
    lines = []
    for count in reversed(distinct(rows, "data_symbols")):
        for kind, title in ALIGNMENT_TITLES.items():
            own = chosen(rows, data_symbols=count, alignment=kind)
            by_snr = {row["snr_db"]: row for row in own}
            if own:
                cells = [
                    f"{interval(by_snr[snr], 'miou', 3)}, {100 * by_snr[snr]['share_of_ideal']:.0f} %"
                    for snr in snrs
                ]
                lines.append([str(count), title, *cells])
        ceiling = chosen(rows, data_symbols=count)[0]["ideal_miou"]
        lines.append([str(count), "error-free link", *[f"{ceiling:.3f}"] * len(snrs)])
    return markdown(["Q", "phases foretold by", *(f"{snr:g} dB" for snr in snrs)], lines)


def alignment_kept() -> str:
    """What each alignment keeps of the gain of the genie at the first data symbol."""
    rows = [
        row for row in read_rows("alignment") if row["alignment"] in ("classical", "learned", "genie-all")
    ]
    rows = [row for row in rows if row["kept"] is not None]
    snrs = distinct(rows, "snr_db")
    lines = []
    for count in reversed(distinct(rows, "data_symbols")):
        for kind, title in ALIGNMENT_TITLES.items():
            by_snr = {row["snr_db"]: row for row in chosen(rows, data_symbols=count, alignment=kind)}
            if by_snr:
                cells = [
                    f"{100 * by_snr[snr]['kept']:.0f} % [{100 * by_snr[snr]['kept_low']:.0f}, "
                    f"{100 * by_snr[snr]['kept_high']:.0f}]"
                    for snr in snrs
                ]
                lines.append([str(count), title, *cells])
    return markdown(["Q", "phases foretold by", *(f"{snr:g} dB" for snr in snrs)], lines)


def _robustness(over: str, unit: str) -> str:
    rows = chosen(read_rows("alignment_robustness"), over=over)
    places = distinct(rows, "value")
    lines = []
    for kind, title in ALIGNMENT_TITLES.items():
        by_value = {row["value"]: row for row in chosen(rows, alignment=kind)}
        if by_value:
            lines.append([title, *(interval(by_value[place], "miou", 3) for place in places)])
    return markdown([f"phases foretold by; {unit}:", *(f"{float(place):g}" for place in places)], lines)


def _phases(over: str, label: str) -> str:
    rows = chosen(read_rows("alignment_phase"), over=over)
    places = distinct(rows, over)
    titles = {"learned": "learned (ours)", "oracle": "perfect downlink CSI", **ALIGNMENT_TITLES}
    lines = []
    for speed in distinct(rows, "speed_kmh") or [None]:
        for kind in ("classical", "learned", "oracle", "genie-first"):
            at = {row[over]: row for row in chosen(rows, alignment=kind, speed_kmh=speed)}
            title = titles[kind] if speed is None else f"{titles[kind]}, {speed:g} km/h"
            if over == "symbol":
                lines.append([title, *(f"{at[place]['rms_rad']:.2f}" for place in places)])
            else:
                lines.append([title, *(interval(at[place], "rms_rad", 3) for place in places)])
    return markdown([label, *(f"{float(place):g}" for place in places)], lines)


def schemes_miou() -> str:
    """MIoU of every scheme where all stand side by side."""
    found = read_rows("schemes")
    snrs = sorted(
        {point["snr_db"] for row in found for point in row["points"] if point["snr_db"] is not None}
    )
    lines = []
    for row in found:
        at = {point["snr_db"]: point for point in row["points"]}
        cells = [interval(at[snr] if snr in at else at[None], "miou", 3) for snr in snrs]
        lines.append([f"`{row['scheme']}`", row["title"], *cells])
    return markdown(["scheme", "what it is", *(f"{snr:g} dB" for snr in snrs)], lines)


BUDGETS = {
    "energy_per_element": "energy per element",
    "streams": "streams",
    "payload_elements": "payload elements",
    "dmrs_elements": "own DMRS",
    "air_elements": "elements of the air",
    "data_symbols": "OFDM symbols",
    "energy": "energy of the block",
    "csirs_symbols": "L",
    "feedback_bits": "B",
}


def schemes_budgets() -> str:
    """What a UE spends in every scheme that goes over the air."""
    lines = [
        [f"`{row['scheme']}`", *(f"{row['budget'][key]:g}" for key in BUDGETS)]
        for row in read_rows("schemes")
        if row["budget"]["elements"] is not None
    ]
    return markdown(["of one UE", *BUDGETS.values()], lines)


CSI_TITLES = {
    "least-squares": "least squares, minimum norm",
    "pursuit": "pursuit of paths",
    "digits": "digits alone",
    "learned": "**learned**",
}


def _csi(part: str, over: str, label: str, cell: Callable[[Row], str]) -> str:
    rows = chosen(read_report("separated")["csi"], part=part)
    lines = []
    for snr in distinct(rows, "snr_db"):
        for method in dict.fromkeys(row["method"] for row in rows):
            own = {row[over]: row for row in chosen(rows, snr_db=snr, method=method)}
            cells = [cell(own[place]) if place in own else "" for place in distinct(rows, over)]
            lines.append([f"{snr:+g} dB", CSI_TITLES.get(method, method), *cells])
    return markdown(["SNR", label, *(str(place) for place in distinct(rows, over))], lines)


def _nmse(row: Row) -> str:
    return f"{interval(row, 'nmse_db', 1)}, {row['sgcs']:.3f}"


def separated_codec() -> str:
    """The codec as each of its trainings left it."""
    rows = read_report("separated")["codec"]
    lines = []
    for split in ("val", "test"):
        for snr in distinct(rows, "snr_db"):
            noise, link = (
                chosen(rows, split=split, snr_db=snr, trained_on=kind)[0]
                for kind in ("white noise", "real link")
            )
            lead = f"{link['lead']:+.3f} [{link['lead_low']:+.3f}, {link['lead_high']:+.3f}]"
            lines.append([split, f"{snr:g} dB", interval(noise, "miou", 3), interval(link, "miou", 3), lead])
    return markdown(["part", "SNR", "white noise", "and then the real link", "lead, paired"], lines)


def claims() -> str:
    """Each statement with its verdicts; one of ours has one."""
    ledger = read_report("claims")
    lines = []
    for claim in (*ledger["claims"], *ledger["own"]):
        judged = claim["judged"]
        forms = ("ours", "ours") if "ours" in judged else ("paper", "aligned")
        told = [judged[form]["verdict"] if judged[form] else "-" for form in forms]
        lines.append([claim["id"], claim["statement"], *told])
    return markdown(["claim", "statement", "paper's form", "phases aligned"], lines)


def elastic() -> str:
    """What a Stage III for all points costs: the comparisons of claim A.6."""
    (claim,) = (claim for claim in read_report("claims")["own"] if claim["id"] == "A.6")
    lines = [
        [one["what"].partition(": ")[2], interval(one, "value", 3)]
        for one in claim["judged"]["ours"]["comparisons"]
    ]
    return markdown(["Stage III", "mIoU, for all points minus for this one"], lines)


TABLES: Mapping[str, Callable[[], str]] = {
    "claims": claims,
    "elastic": elastic,
    "schemes-miou": schemes_miou,
    "schemes-budgets": schemes_budgets,
    "csi-estimate": lambda: _csi("estimate", "csirs_symbols", "estimate; L:", _nmse),
    "csi-feedback": lambda: _csi("feedback", "feedback_bits", "feedback; B:", _nmse),
    "csi-beams": lambda: _csi("beams", "feedback_bits", "design; B:", lambda row: interval(row, "sum_se", 2)),
    "csi-hybrid": lambda: _csi(
        "hybrid", "csirs_symbols", "beams; L:", lambda row: interval(row, "sum_se", 2)
    ),
    "separated-codec": separated_codec,
    "physical-schemes": physical_schemes,
    "physical-grid": physical_grid,
    "physical-power": physical_power,
    "alignment-miou": alignment_miou,
    "alignment-kept": alignment_kept,
    "alignment-power": lambda: _robustness("bs_power_offset_db", "CSI-RS over the UEs [dB]"),
    "alignment-speed": lambda: _robustness("speed_kmh", "speed [km/h]"),
    "alignment-oscillator": lambda: _robustness("oscillator_rad", "slip [rad]"),
    "phase-csirs": lambda: _phases("csirs_snr_db", "CSI-RS SNR [dB]"),
    "phase-length": lambda: _phases("csirs_symbols", "L"),
    "phase-symbol": lambda: _phases("symbol", "data symbol"),
    "complexity-table-ii": tables_of_costs.complexity_table_ii,
    "complexity-schemes": tables_of_costs.complexity_schemes,
    "complexity-parts": tables_of_costs.complexity_parts,
    "parity": tables_of_costs.parity,
    "parity-networks": tables_of_costs.parity_networks,
    "latency": tables_of_costs.latency,
    "int8-times": tables_of_costs.int8_times,
    "int8-miou": tables_of_costs.int8_miou,
}


if __name__ == "__main__":
    main()
