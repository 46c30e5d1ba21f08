"""The inputs and outputs of every unit of CSC-SA-Net: names, shapes, types and units."""

from collections.abc import Mapping
from typing import NamedTuple

from cscsanet.deployment.contract import BATCH, MODALITIES, Port
from cscsanet.params import Params
from cscsanet.scenes.classes import NUM_CLASSES

Ports = Mapping[str, Port]
_FLOAT, _INT, _BITS = "float32", "int64", "uint8"
_CHANNELS = {"rgb": 3, "thermal": 1}


class Signature(NamedTuple):
    """inputs, outputs: in the order of the graph."""

    inputs: Ports
    outputs: Ports


def signatures(params: Params, *, aligned: bool) -> dict[str, Signature]:
    """Return the signature of each unit by its name, ue_rgb_csi to bs_rx.

    aligned: whether the UEs turn their streams.
    """
    channel, capacity = params.channel, params.points.capacity
    chains, subcarriers, symbols = channel.rf_chains, channel.subcarriers, capacity.data_symbols
    size = (params.scenes.height, params.scenes.width)
    snr = Port((1,), _FLOAT, "SNR, P_t / sigma^2 [dB]")
    count = {
        "csirs_symbols": Port((1,), _INT, "L, CSI-RS symbols that were sent"),
        "feedback_bits": Port((1,), _INT, "B, feedback bits of one UE"),
        "data_symbols": Port((1,), _INT, "Q, data symbols to send"),
    }
    csi = Port((BATCH, subcarriers, params.csa.csi_features), _FLOAT, "channel semantics S_CSI")
    precoder = Port((BATCH, channel.ue_antennas, chains), _FLOAT, "phases of F_RF [rad]")
    alignment = {
        "alignment": Port(
            (BATCH, symbols, subcarriers, chains), _FLOAT, "phases that the streams arrive with [rad]"
        )
    }
    turned = alignment if aligned else {}
    streams = Port((BATCH, symbols, subcarriers, chains, 2), _FLOAT, "streams S_BB, I/Q, P_t = 1")
    ue_csi = Signature(
        {
            "csirs": Port(
                (BATCH, subcarriers, chains, capacity.csirs_symbols, 2),
                _FLOAT,
                "received CSI-RS Y_p, I/Q, for a transmit power of 1 at the BS; zero beyond L",
            ),
            "snr_db": snr,
            "csirs_symbols": count["csirs_symbols"],
            "feedback_bits": count["feedback_bits"],
        },
        {
            "bits": Port((BATCH, capacity.feedback_bits), _BITS, "feedback, 0 or 1; the first B are sent"),
            "precoder_phases": precoder,
            "csi": csi,
            **turned,
        },
    )
    found = {}
    for name in MODALITIES:
        found[f"ue_{name}_csi"] = ue_csi
        found[f"ue_{name}_tx"] = Signature(
            {
                "image": Port((BATCH, _CHANNELS[name], *size), _FLOAT, "pixels in [0, 1]"),
                "csi": csi,
                "precoder_phases": precoder,
                **turned,
                "data_symbols": count["data_symbols"],
            },
            {"streams": streams},
        )
    found["bs_csi"] = Signature(
        {
            "bits": Port(
                (BATCH, channel.users, capacity.feedback_bits), _BITS, "feedback, 0 or 1; zero beyond B"
            ),
            "snr_db": snr,
            "feedback_bits": count["feedback_bits"],
        },
        {
            "combiner_phases": Port((BATCH, chains, channel.bs_antennas), _FLOAT, "phases of W_RF [rad]"),
            "csi": csi,
        },
    )
    found["bs_rx"] = Signature(
        {
            "received": Port(
                (BATCH, symbols, subcarriers, chains, 2),
                _FLOAT,
                "received Y_BB, I/Q, any scale; zero beyond Q",
            ),
            "csi": csi,
        },
        {"logits": Port((BATCH, NUM_CLASSES, *size), _FLOAT, "class logits")},
    )
    return found


def csirs_signature(params: Params) -> Signature:
    """Return the signature of `csirs`, the CSI-RS that both ends know."""
    channel, symbols = params.channel, params.points.capacity.csirs_symbols
    chains = channel.rf_chains
    return Signature(
        {},
        {
            "transmit": Port((symbols, channel.bs_antennas, chains, 2), _FLOAT, "X_RF, I/Q, unit modulus"),
            "baseband": Port(
                (symbols, channel.subcarriers, chains, 2), _FLOAT, "x_BB, I/Q, ||X_RF x_BB||^2 = 1"
            ),
            "receive": Port((symbols, chains, channel.ue_antennas, 2), _FLOAT, "V_RF, I/Q, unit modulus"),
        },
    )
