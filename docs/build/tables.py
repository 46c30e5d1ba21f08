"""Write the tables and numbers of the documentation from reports/: `python docs/build/tables.py`.

A table is between `<!-- table: NAME -->` and `<!-- end -->`, a single number between
`<!-- value: NAME -->` and `<!-- end -->`. The text around them is written by hand.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import access_tables as access
import alignment_tables as alignment
import assumption_tables as assumptions
import channel_tables as channel
import cost_tables as costs
import digital_tables as digital
import evidence_tables as evidence
import fusion_tables as fusion
import kernel_tables as kernel
import model_tables as models
import physical_tables as physical
import reliability_tables as reliability
import robustness_tables as robustness
import scale_tables as scale
import separated_tables as separated
import time_tables as times

ROOT = Path(__file__).parents[2]
TABLE = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
VALUE = re.compile(r"(<!-- value: ([\w-]+) -->)[^<]*(<!-- end -->)")

TABLES: Mapping[str, Callable[[], str]] = {
    "numerology": channel.numerology,
    "claims": evidence.claims,
    "elastic": evidence.elastic,
    "stage-times": times.stages,
    "equal-leads": evidence.equal_leads,
    "headline-leads": evidence.headline_leads,
    "ledger-change": evidence.ledger_change,
    "assumption-levels": assumptions.levels,
    "assumption-leads": assumptions.leads,
    "assumption-claims": assumptions.claims,
    "flips": evidence.flips,
    "replica": evidence.replica,
    "digital-snr": digital.over_snr,
    "digital-rules": digital.rules,
    "digital-reports": digital.reports,
    "digital-leads": evidence.digital_leads,
    "schemes-miou": separated.schemes_miou,
    "schemes-budgets": separated.schemes_budgets,
    "csi-estimate": lambda: separated.accuracy("estimate", "csirs_symbols", "estimate; L:"),
    "csi-feedback": lambda: separated.accuracy("feedback", "feedback_bits", "feedback; B:"),
    "csi-beams": lambda: separated.rate("beams", "feedback_bits", "design; B:"),
    "csi-hybrid": lambda: separated.rate("hybrid", "csirs_symbols", "beams; L:"),
    "separated-codec": separated.codec,
    "physical-schemes": physical.schemes,
    "physical-grid": physical.grid,
    "physical-power": physical.power,
    "physical-paper-measure": physical.paper_measure,
    "time-to-quality": times.time_to_quality,
    "shared-training": times.shared_training,
    "alignment-miou": alignment.miou,
    "alignment-kept": alignment.gain_share,
    "alignment-power": lambda: alignment.robustness("bs_power_offset_db", "CSI-RS over the UEs [dB]"),
    "alignment-speed": lambda: alignment.robustness("speed_kmh", "speed [km/h]"),
    "alignment-oscillator": lambda: alignment.robustness("oscillator_rad", "phase offset [rad]"),
    "phase-csirs": lambda: alignment.phase_error("csirs_snr_db", "CSI-RS SNR [dB]"),
    "phase-length": lambda: alignment.phase_error("csirs_symbols", "L"),
    "phase-symbol": lambda: alignment.phase_error("symbol", "data symbol"),
    "robustness-delay": lambda: robustness.delay(120.0),
    "robustness-losses": robustness.losses,
    "robustness-leads": robustness.leads,
    "robustness-phases": robustness.phases,
    "robustness-pilots": lambda: robustness.over("pilot_share", "share of pilots:"),
    "robustness-slip": lambda: robustness.over("oscillator_rad", "phase offset [rad]:"),
    "robustness-spread": lambda: robustness.over("spread_deg", "angular spread [degrees]:"),
    "robustness-paths": lambda: robustness.over("paths", "paths:"),
    "robustness-others": robustness.others,
    "robustness-power": robustness.element_power,
    "robustness-models": lambda: robustness.over("tr38901_model", "model:"),
    "complexity-table-ii": costs.complexity_table_ii,
    "complexity-schemes": costs.complexity_schemes,
    "complexity-parts": costs.complexity_parts,
    "parity": costs.parity,
    "parity-networks": costs.parity_networks,
    "latency": costs.latency,
    "kernel-times": kernel.times,
    "kernel-beams": kernel.beams,
    "int8-times": costs.int8_times,
    "int8-miou": costs.int8_miou,
    "access-spread": lambda: access.length(3.0),
    "access-independent": lambda: access.length(None),
    "access-bar": access.bar,
    "access-unseen": access.unseen,
    "access-variants": access.variants,
    "access-books": access.books,
    "access-nmse": access.nmse,
    "access-seeds": access.seeds,
    "access-claims": access.claims,
    "access-latency": access.latency,
    "fusion-bits": lambda: fusion.bits(0.0),
    "fusion-bits-weak": lambda: fusion.bits(-10.0),
    "fusion-ports-weak": lambda: fusion.ports(-10.0),
    "fusion-srs": lambda: fusion.along("srs_snr_db", "SRS [dB]"),
    "fusion-age": lambda: fusion.along("age_ms", "age [ms]"),
    "fusion-speed": lambda: fusion.along("speed_kmh", "speed [km/h]"),
    "fusion-rho": lambda: fusion.along("rho", "rho"),
    "fusion-downlink": lambda: fusion.along("dl_snr_db", "downlink [dB]"),
    "fusion-users": lambda: fusion.along("users", "K"),
    "fusion-bar": fusion.bar,
    "fusion-variants": fusion.variants,
    "fusion-seeds": fusion.seeds,
    "fusion-claims": fusion.claims,
    "fusion-anchor": fusion.anchor,
    "scale-drops": lambda: scale.cases("draw", "read"),
    "scale-frames": lambda: scale.cases("render", "imported", "split"),
    "scale-loading": lambda: scale.cases("load", "load-again", "load-in-memory", "epoch", "epoch-in-memory"),
    "scale-sweep": lambda: scale.cases("swept"),
    "scale-evaluation": lambda: scale.cases("schemes", "images"),
    "scale-growth": scale.growth,
    "scale-internet": scale.internet,
    "scale-memory": scale.memory,
    "model-files": models.files,
    "model-miou": models.miou,
    "model-classes": models.classes,
    "reliability": reliability.outcomes,
    "reliability-limits": reliability.limits,
}
VALUES: Mapping[str, Callable[[], str]] = {
    "assumption-number": assumptions.number,
    "assumption-behind": assumptions.behind,
    "seeds-lowest-25": lambda: assumptions.seeds(-25.0, min),
    "seeds-highest-25": lambda: assumptions.seeds(-25.0, max),
    "seeds-lowest-10": lambda: assumptions.seeds(-10.0, min),
    "seeds-highest-10": lambda: assumptions.seeds(-10.0, max),
    "replica-same": evidence.replica_same,
    "verdicts": evidence.verdicts,
    "replica-leads": evidence.replica_leads,
    "aligned-share": evidence.aligned_share,
    "paper-share": evidence.paper_share,
    "tracked-share": lambda: evidence.tracked_share(-25.0),
    "perfect-csi-lead": evidence.perfect_csi_lead,
    "separated-drops": lambda: separated.drops("estimate", "feedback", "beams"),
    "hybrid-drops": lambda: separated.drops("hybrid"),
    "physical-drops": physical.drops,
    "physical-ageing": physical.ageing,
    "front-end-parameters": costs.front_end_parameters,
    "mfnet-parameters": costs.mfnet_parameters,
    "csi-slots": costs.csi_slots,
    "model-frames": models.frames,
    "scale-million": scale.million_drops,
    "scale-rendering": scale.rendering_hours,
    "scale-mapped": scale.mapped_epoch,
    "scale-together": scale.schemes_together,
    "kernel-slots": kernel.slots,
    "reliability-faults": lambda: reliability.number("faults"),
    "reliability-planned": lambda: reliability.number("planned"),
}


def main(root: Path = ROOT) -> None:
    """Fill every table and number of README.md and docs/*.md below `root`."""
    for page in (root / "README.md", *sorted((root / "docs").glob("*.md"))):
        text = page.read_text(encoding="utf-8")
        filled = TABLE.sub(lambda match: f"{match[1]}{TABLES[match[2]]()}\n{match[3]}", text)
        filled = VALUE.sub(lambda match: f"{match[1]}{VALUES[match[2]]()}{match[3]}", filled)
        if filled != text:
            page.write_text(filled, encoding="utf-8")
            print(page.relative_to(root))


if __name__ == "__main__":
    main()
