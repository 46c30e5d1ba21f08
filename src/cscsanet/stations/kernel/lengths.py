"""The lengths of csi.h, and what must agree with them before the kernel runs.

The kernel trusts its lengths: it reads weights and CSI-RS, writes outputs and takes its stack by them alone. A unit
states them in several places, and a foreign unit may contradict itself. Every length is therefore bounded, and every
array that the kernel reads or writes has the shape that follows from the lengths.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cscsanet.config.codeword import head_orders, most_feedback_bits
from cscsanet.errors import CscsanetError
from cscsanet.stations.kernel.structures import Floats
from cscsanet.stations.kernel.tables import DOPPLER_STEPS, SWEEPS, delay_grids
from cscsanet.stations.metadata import BATCH, TensorSpec, UnitInfo

FEATURE_BITS = 2
SPECTRUM_POOL = 16  # beams for one feature of the codeword, at the coarsest
_MOST_LENGTH = 4096  # of any axis; products of three lengths stay within an int where C multiplies them
_MOST_FLOATS = 400_000  # of working memory, which is on the stack


def not_served(path: Path, reason: str) -> CscsanetError:
    """Return the error of a unit that the kernel does not serve; reason: a clause."""
    return CscsanetError(
        f"{path}: not served by the compiled CSI unit, as {reason}; choose the search 'onnx'"
    )


def lengths_of_metadata(info: UnitInfo, path: Path) -> dict[str, int]:
    """Return the lengths of csi.h that metadata determine, each from 1 to 4096.

    Raises:
        CscsanetError: a length is missing or out of range, or B is beyond the codeword.
    """
    channel, capacity, csa = info.channel, info.capacity, info.params.get("csa")
    csa = csa if isinstance(csa, Mapping) else {}
    chains = channel.rf_chains
    coarse, fine = delay_grids(min(channel.max_delay, _MOST_LENGTH))
    # Counts of a JSON object are of any type.
    lengths: dict[str, Any] = {
        "subcarriers": channel.subcarriers,
        "ue_chains": chains,
        "bs_chains": chains,
        "symbols": capacity.csirs_symbols,
        "bs_antennas": channel.bs_antennas,
        "ue_antennas": channel.ue_antennas,
        "paths": chains,
        "aoa_beams": csa.get("aoa_beams"),
        "aod_beams": csa.get("aod_beams"),
        # Two beams for each antenna on the coarse grids.
        "coarse_aoa_beams": 2 * channel.bs_antennas,
        "coarse_aod_beams": 2 * channel.ue_antennas,
        "coarse_delays": len(coarse),
        "fine_delays": len(fine),
        "dopplers": DOPPLER_STEPS,
        "sweeps": SWEEPS,
        "data_symbols": capacity.data_symbols,
        "codeword_features": capacity.feedback_bits // FEATURE_BITS,
        "inputs": 1 + 3 * chains + 5 * chains * (chains - 1) // 2,
    }
    _check_counts(lengths, path)
    if lengths["aoa_beams"] % SPECTRUM_POOL or lengths["aod_beams"] < SPECTRUM_POOL // 4:
        raise not_served(path, f"it has {lengths['aoa_beams']} and {lengths['aod_beams']} beams")
    most = most_feedback_bits(chains, lengths["aoa_beams"])
    if capacity.feedback_bits > most:
        raise not_served(
            path, f"its capacity is {capacity.feedback_bits} feedback bits, and its codeword has {most}"
        )
    return {**lengths, "head_features": len(head_orders(chains)[0])}


def check_memory(lengths: Mapping[str, int], path: Path) -> None:
    """Check the lengths of the networks, and that the working memory fits on the stack.

    Raises:
        CscsanetError: a length is out of range, or there is too much of the memory.
    """
    _check_counts({name: lengths[name] for name in ("hidden", "layers", "model", "csi")}, path)
    floats = _stack_floats(lengths)
    if floats > _MOST_FLOATS:
        raise not_served(
            path,
            f"its sizes take {floats} floats of working memory, and at most {_MOST_FLOATS} are on the stack",
        )


def check_shapes(info: UnitInfo, csirs: Mapping[str, Floats], lengths: Mapping[str, int], path: Path) -> None:
    """Check that inputs, outputs and CSI-RS have the shapes of the lengths; csirs: as `kernel_tables` takes them.

    Raises:
        CscsanetError: a shape or a type differs, or CSI-RS are not finite.
    """
    symbols, subcarriers, chains, bs_antennas, ue_antennas, features = (
        lengths[name]
        for name in ("symbols", "subcarriers", "paths", "bs_antennas", "ue_antennas", "codeword_features")
    )
    inputs = {
        "csirs": ((BATCH, subcarriers, chains, symbols, 2), "float32"),
        **dict.fromkeys(("snr_db", "csirs_snr_db"), ((1,), "float32")),
        **dict.fromkeys(("csirs_symbols", "feedback_bits", "feedback_delay"), ((1,), "int64")),
    }
    outputs = {
        "bits": ((BATCH, FEATURE_BITS * features), "uint8"),
        "precoder_phases": ((BATCH, ue_antennas, chains), "float32"),
        "csi": ((BATCH, subcarriers, lengths["csi"]), "float32"),
    }
    if "alignment" in info.outputs:
        outputs["alignment"] = ((BATCH, lengths["data_symbols"], subcarriers, chains), "float32")
    _check_specs(info.inputs, inputs, path)
    _check_specs(info.outputs, outputs, path)
    shapes = {
        "transmit": (symbols, bs_antennas, chains, 2),
        "baseband": (symbols, subcarriers, chains, 2),
        "receive": (symbols, chains, ue_antennas, 2),
    }
    for name, shape in shapes.items():
        values = csirs.get(name)
        if values is None or values.shape != shape or values.dtype != np.float32:
            raise not_served(path, f"'{name}' of the CSI-RS is not float32 {shape}")
        if not np.isfinite(values).all():
            raise not_served(path, f"'{name}' of the CSI-RS holds NaN or infinity")


def _check_counts(lengths: Mapping[str, object], path: Path) -> None:
    """Check that each length is a whole number from 1 to 4096.

    Raises:
        CscsanetError: as said.
    """
    for name, length in lengths.items():
        if type(length) is not int or not 1 <= length <= _MOST_LENGTH:
            raise not_served(path, f"its {name} = {repr(length)[:40]}, and must be 1 to {_MOST_LENGTH}")


def _check_specs(
    specs: Mapping[str, TensorSpec], expected: Mapping[str, tuple[tuple[int | str, ...], str]], path: Path
) -> None:
    """Check shapes and types of inputs or outputs; expected: those of the lengths.

    Raises:
        CscsanetError: one differs, is missing, or is too many.
    """
    for name in sorted(specs.keys() | expected.keys()):
        stated = (specs[name].shape, specs[name].dtype) if name in specs else None
        if stated != expected.get(name):
            raise not_served(
                path, f"'{name}' is {_words(stated)}, and {_words(expected.get(name))} by its other sizes"
            )


def _words(spec: tuple[tuple[int | str, ...], str] | None) -> str:
    """Return type and shape for a message."""
    return f"{spec[1]} ({', '.join(map(str, spec[0]))})" if spec else "missing"


def _stack_floats(lengths: Mapping[str, int]) -> int:
    """Return how many floats the arrays of all functions in C take, as if all were alive at once."""
    # The letters of csi.h.
    names = ("subcarriers", "paths", "symbols", "bs_antennas", "ue_antennas", "aoa_beams", "aod_beams")
    N, P, L, M, T, I, J = (lengths[name] for name in names)  # noqa: E741
    F, D, X, H = (lengths[name] for name in ("hidden", "model", "inputs", "head_features"))
    coarse, fine, K = lengths["coarse_delays"], lengths["fine_delays"], L * P * P
    coarse_beams, width = lengths["coarse_aoa_beams"], I // 2
    of_search = (
        4 * K * N,  # `search`: received and residual signal
        P * (4 * L * P + 4 * L + 2 * N + 2 * (I + J) + 32),  # its paths, and their profiles
        2 * coarse * (K + L * P + 2) + 3 * coarse_beams,  # `strongest_cell`
        12 * K + 4 * L + 4 * N + 2 * fine + 4 * max(I, J, fine, lengths["dopplers"]),  # `refine`
        2 * (M + T) + 2 * L * P,  # `set_transmit`, `set_receive`
    )
    of_networks = (
        *(max(F, 2 * P) * (beams + 4) + 3 * F * beams + 3 * F for beams in (J, width)),  # `beam_trunk`
        2 * (2 * F + X + P) + X + 3 * H + lengths["codeword_features"],  # `networks`
        2 * P * width + 2 * width + I + 2 * P,  # `codeword`
        2 * F + 4 * D + 4 * P * P + 2 * P * (J + T) + 4 * T,  # `perceptron`, `precoder`, `departures`
        2 * D + 2 * P * P + 2 * P * N,  # `channel_semantics`
        X + 16 * P + 4 * P**3 + 2 * (P + 1) * N,  # `predicted_phases`
    )
    return sum((*of_search, *of_networks))
