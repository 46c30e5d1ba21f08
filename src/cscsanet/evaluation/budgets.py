"""What one transmission cost, counted from what was sent: energy, resource elements, pilots, feedback bits."""

from typing import Any

import torch

from cscsanet.links.link import Transmission
from cscsanet.points import OperatingPoint


def budget(sent: Transmission, point: OperatingPoint) -> dict[str, Any]:
    """Return what a transmission spent, the same for every UE; None for what it had no use for.

    energy_per_element: mean of ||F s||^2 over the resource elements in use, for P_t = 1. energy: over the whole block.
    data_symbols: OFDM symbols. elements: in use by a UE; payload_elements, dmrs_elements: those of its payload and its own
    DMRS. air_elements: in use by any UE. streams: of a UE. csirs_symbols, feedback_bits: L and B as they were spent.
    """
    if sent.streams is None or sent.precoder is None:
        return {"energy_per_element": None, "elements": None, "csirs_symbols": None, "feedback_bits": None}
    radiated = torch.einsum("bkts,bkqns->bkqnt", sent.precoder, sent.streams.to(sent.precoder.dtype))
    energy = radiated.abs().square().sum(dim=-1)
    used = energy.amax(dim=0) > 0
    pilots = torch.zeros_like(used) if sent.pilots is None else sent.pilots.to(used.device)
    # Where another UE has its DMRS a UE is silent, and spends there what it spends double on its own.
    taken = used | (pilots.any(dim=0) & ~pilots)
    return {
        "energy_per_element": round(float(energy.sum(dim=(2, 3)).mean() / taken[0].sum()), 4),
        "energy": round(float(energy.sum(dim=(2, 3)).mean()), 2),
        "data_symbols": int(used.any(dim=2).any(dim=0).sum()),
        "elements": int(taken[0].sum()),
        "payload_elements": int((used & ~pilots)[0].sum()),
        "dmrs_elements": int(pilots[0].sum()),
        "air_elements": int(used.any(dim=0).sum()),
        "streams": sent.streams.shape[-1],
        "csirs_symbols": point.csirs_symbols,
        "feedback_bits": None if sent.bits is None else sent.bits.shape[-1],
    }
