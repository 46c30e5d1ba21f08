"""The budget of one transmission, counted from the transmitted tensors: energy, elements, pilots, bits."""

from typing import Any

import torch

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.links.link import Transmission


def budget(sent: Transmission, point: OperatingPoint) -> dict[str, Any]:
    """Return the budget of one UE as columns of a result; None where a column does not apply.

    All UEs have the same number of elements.

    energy: ||F s||^2 over the whole block, for P_t = 1, mean over UEs and batch.
    elements: payload_elements, the UE's dmrs_elements, and the elements on which it is silent
    because another UE has its DMRS there. energy_per_element: energy / elements.
    data_symbols: OFDM symbols in use. air_elements: elements in use by any UE.
    streams: of one UE.
    csirs_symbols, feedback_bits: the L of the frame and the B of the feedback, whether a design
    reads them or not (perfect CSI reads none, a codebook a few of the B bits).
    """
    if sent.streams is None or sent.precoder is None:
        return {"energy_per_element": None, "elements": None, "csirs_symbols": None, "feedback_bits": None}
    radiated = torch.einsum("bkts,bkqns->bkqnt", sent.precoder, sent.streams.to(sent.precoder.dtype))
    energy = radiated.abs().square().sum(dim=-1)
    used = energy.amax(dim=0) > 0
    pilots = torch.zeros_like(used) if sent.pilots is None else sent.pilots.to(used.device)
    # Where UEs share their elements, each is silent on the DMRS elements of the others, and sends its own DMRS with
    # the energy that it saves there.
    shared = bool((used.sum(dim=0) > 1).any())
    occupied = used | (pilots.any(dim=0) & ~pilots) if shared else used
    return {
        "energy_per_element": round(float(energy.sum(dim=(2, 3)).mean() / occupied[0].sum()), 4),
        "energy": round(float(energy.sum(dim=(2, 3)).mean()), 2),
        "data_symbols": int(used.any(dim=2).any(dim=0).sum()),
        "elements": int(occupied[0].sum()),
        "payload_elements": int((used & ~pilots)[0].sum()),
        "dmrs_elements": int(pilots[0].sum()),
        "air_elements": int(used.any(dim=0).sum()),
        "streams": sent.streams.shape[-1],
        "csirs_symbols": point.csirs_symbols,
        "feedback_bits": None if sent.bits is None else sent.bits.shape[-1],
    }
