"""The inputs and outputs of every unit of CSC-SA-Net: names, shapes, types and physical units."""

from collections.abc import Mapping
from typing import NamedTuple

from cscsanet.config.params import Params
from cscsanet.scenes.layout import MODALITIES
from cscsanet.stations.metadata import BATCH, TensorSpec

TensorSpecs = Mapping[str, TensorSpec]
_FLOAT, _INT, _BITS = "float32", "int64", "uint8"


class Signature(NamedTuple):
    """inputs, outputs: in the order of the graph."""

    inputs: TensorSpecs
    outputs: TensorSpecs


def signatures(params: Params, *, aligned: bool) -> dict[str, Signature]:
    """Return the signature of each unit by its name, ue_rgb_csi to bs_rx.

    aligned: whether the UEs rotate their streams by predicted phases.
    """
    units = {}
    for name, channels in MODALITIES.items():
        units[f"ue_{name}_csi"] = _ue_csi(params, aligned=aligned)
        units[f"ue_{name}_tx"] = _ue_tx(params, channels.stop - channels.start, aligned=aligned)
    return {**units, "bs_csi": _bs_csi(params), "bs_rx": _bs_rx(params)}


def csirs_signature(params: Params) -> Signature:
    """Return the signature of `csirs`, the CSI-RS that both ends use."""
    channel, symbols = params.channel, params.points.capacity.csirs_symbols
    chains = channel.rf_chains
    return Signature(
        {},
        {
            "transmit": TensorSpec(
                (symbols, channel.bs_antennas, chains, 2), _FLOAT, "X_RF, I/Q, unit modulus"
            ),
            "baseband": TensorSpec(
                (symbols, channel.subcarriers, chains, 2), _FLOAT, "x_BB, I/Q, ||X_RF x_BB||^2 = 1"
            ),
            "receive": TensorSpec(
                (symbols, chains, channel.ue_antennas, 2), _FLOAT, "V_RF, I/Q, unit modulus"
            ),
        },
    )


_SNR = {"snr_db": TensorSpec((1,), _FLOAT, "SNR, P_t / sigma^2 [dB]")}
_CSIRS_SNR = {"csirs_snr_db": TensorSpec((1,), _FLOAT, "SNR of the CSI-RS at a UE antenna [dB]")}
_CSIRS_SYMBOLS = {"csirs_symbols": TensorSpec((1,), _INT, "L, CSI-RS symbols that were sent")}
_FEEDBACK_BITS = {"feedback_bits": TensorSpec((1,), _INT, "B, feedback bits of one UE")}
_FEEDBACK_DELAY = {"feedback_delay": TensorSpec((1,), _INT, "D, symbols between CSI-RS and data")}
_DATA_SYMBOLS = {"data_symbols": TensorSpec((1,), _INT, "Q, data symbols to send")}


def _ue_csi(params: Params, *, aligned: bool) -> Signature:
    channel, capacity = params.channel, params.points.capacity
    csirs = TensorSpec(
        (BATCH, channel.subcarriers, channel.rf_chains, capacity.csirs_symbols, 2),
        _FLOAT,
        "received CSI-RS Y_p, I/Q, for a transmit power of 1 at the BS; zero beyond L",
    )
    bits = TensorSpec((BATCH, capacity.feedback_bits), _BITS, "feedback, 0 or 1; the first B are sent")
    return Signature(
        {"csirs": csirs, **_SNR, **_CSIRS_SNR, **_CSIRS_SYMBOLS, **_FEEDBACK_BITS, **_FEEDBACK_DELAY},
        {"bits": bits, **_precoder_phases(params), **_csi(params), **_alignment(params, aligned=aligned)},
    )


def _ue_tx(params: Params, channels: int, *, aligned: bool) -> Signature:
    image = TensorSpec(
        (BATCH, channels, params.scenes.height, params.scenes.width), _FLOAT, "pixels in [0, 1]"
    )
    alignment = _alignment(params, aligned=aligned)
    return Signature(
        {"image": image, **_csi(params), **_precoder_phases(params), **alignment, **_DATA_SYMBOLS},
        {"streams": _data_block(params, "streams S_BB, I/Q, P_t = 1")},
    )


def _bs_csi(params: Params) -> Signature:
    channel = params.channel
    bits = TensorSpec(
        (BATCH, channel.users, params.points.capacity.feedback_bits),
        _BITS,
        "feedback, 0 or 1; zero beyond B",
    )
    phases = TensorSpec((BATCH, channel.rf_chains, channel.bs_antennas), _FLOAT, "phases of W_RF [rad]")
    return Signature({"bits": bits, **_SNR, **_FEEDBACK_BITS}, {"combiner_phases": phases, **_csi(params)})


def _bs_rx(params: Params) -> Signature:
    scenes = params.scenes
    logits = TensorSpec((BATCH, len(scenes.class_list), scenes.height, scenes.width), _FLOAT, "class logits")
    received = _data_block(params, "received Y_BB, I/Q, any scale; zero beyond Q")
    return Signature({"received": received, **_csi(params)}, {"logits": logits})


def _csi(params: Params) -> TensorSpecs:
    shape = (BATCH, params.channel.subcarriers, params.csa.csi_features)
    return {"csi": TensorSpec(shape, _FLOAT, "channel semantics S_CSI")}


def _precoder_phases(params: Params) -> TensorSpecs:
    shape = (BATCH, params.channel.ue_antennas, params.channel.rf_chains)
    return {"precoder_phases": TensorSpec(shape, _FLOAT, "phases of F_RF [rad]")}


def _alignment(params: Params, *, aligned: bool) -> TensorSpecs:
    shape = (BATCH, params.points.capacity.data_symbols, params.channel.subcarriers, params.channel.rf_chains)
    spec = TensorSpec(shape, _FLOAT, "phases that the streams arrive with [rad]")
    return {"alignment": spec} if aligned else {}


def _data_block(params: Params, unit: str) -> TensorSpec:
    channel = params.channel
    shape = (BATCH, params.points.capacity.data_symbols, channel.subcarriers, channel.rf_chains, 2)
    return TensorSpec(shape, _FLOAT, unit)
