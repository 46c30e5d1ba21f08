"""What one transmission cost, counted from what was sent: energy, resource elements, pilots, feedback bits."""

from typing import Any

import torch

from cscsanet.links.link import Transmission
from cscsanet.points import OperatingPoint


def budget(sent: Transmission, point: OperatingPoint) -> dict[str, Any]:
    """Return what a transmission cost one UE; all UEs have elements alike. None for what a link has no use for.

    energy: ||F s||^2 over the whole block, for P_t = 1, mean over UEs and batch; energy_per_element: over `elements`, those of
    its payload_elements, its own dmrs_elements, and those on which it is silent for another UE's DMRS. data_symbols: OFDM
    symbols. air_elements: in use by any UE. streams: of a UE. csirs_symbols, feedback_bits: the L that the frame holds, and
    the B that the feedback does, whether a design reads them or not (perfect CSI reads none, a codebook a few of B).
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
