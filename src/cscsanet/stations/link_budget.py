"""The link budget of one transmission, from its samples, and the picture of it.

The budget holds powers, noise, SNR and spectral efficiency of each UE. The picture shows the streams that the
UEs sent, and the budget as text.

Axes: one drop; K users, Q data symbols, N_c subcarriers, R chains. P_t = 1.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cscsanet.channel.frame import data_symbols
from cscsanet.channel.noise import lower_factor
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.system import ChannelParams
from cscsanet.scenes.layout import MODALITIES
from cscsanet.stations.chain import Reception


def link_budget(
    reception: Reception, paths: PathDrops, point: OperatingPoint, channel: ChannelParams
) -> dict[str, Any]:
    """Return the budget of the first drop; powers are linear for P_t = 1, or in dB where their names say so.

    feedback_delay_ms: simulated, from the last CSI-RS to the first data symbol.

    spectral_efficiency: log2(1 + SNR) [bit/s/Hz] of each UE's signal behind the whitened combiner, without
    the other UE.
    """
    noise = point.noise_power
    factor = lower_factor(torch.from_numpy(reception.combiner))[0].numpy()
    path_gains_db = 20 * paths.gain[0].abs().log10()
    users = []
    for user in range(reception.user_signals.shape[1]):
        signal = reception.user_signals[0, user]
        white = np.linalg.solve(factor, signal.reshape(-1, signal.shape[-1]).T)
        snr = float((np.abs(white) ** 2).sum(axis=0).mean() / noise)
        radiated_power = np.abs(reception.radiated[0, user]) ** 2
        users.append(
            {
                "feedback_bits": point.feedback_bits,
                "feedback_bytes": int(reception.feedback[user].shape[-1]),
                "transmit_power": float(radiated_power.sum(axis=-1).mean()),
                "path_gains_db": path_gains_db[user].tolist(),
                "received_power_db": _db(float((np.abs(signal) ** 2).mean())),
                "received_snr_db": _db(snr),
                "spectral_efficiency": float(np.log2(1 + snr)),
            }
        )
    return {
        "noise_power_antenna_db": _db(noise),
        "noise_power_combined_db": _db(float((np.abs(reception.noise[0]) ** 2).mean())),
        "feedback_delay_ms": channel.feedback_delay_symbols * channel.symbol_duration_us * 1e-3,
        "users": users,
    }


def efficiencies(
    precoder: NDArray[Any],
    combiner: NDArray[Any],
    paths: PathDrops,
    point: OperatingPoint,
    channel: ChannelParams,
) -> tuple[float, ...]:
    """Return the spectral efficiency of each UE in the first drop [bit/s/Hz], as links are measured.

    precoder: F (N, K, N_t, S). combiner: W (N, R, N_r).
    """
    sent, received = (
        torch.from_numpy(beams).to(torch.complex64)[:1].clone() for beams in (precoder, combiner)
    )
    effective = effective_channel(paths[:1], sent, received, data_symbols(point, channel), channel)
    rates = spectral_efficiency(effective, received, 1.0 / point.noise_power, channel.ue_antennas, "coloured")
    return tuple(rates.mean(dim=(2, 3))[0].tolist())


def processing(reception: Reception, channel: ChannelParams, searches: Mapping[str, str]) -> dict[str, Any]:
    """Return the processing times of one transmission, which differ from run to run, beside the feedback delay.

    searches: how each UE acquired its channel, fused or onnx. processing_ms: of each step, the UEs one after the
    other. feedback_ms: from CSI-RS to beams, which a real link has
    to fit into its feedback delay. feedback_symbols: the same in OFDM symbols.
    """
    steps = {step: round(1e3 * seconds, 3) for step, seconds in reception.seconds.items()}
    feedback_ms = (
        steps["UE: CSI-RS to feedback"] / reception.user_signals.shape[1] + steps["BS: feedback to beams"]
    )
    return {
        "search": dict(searches),
        "processing_ms": steps,
        "feedback_ms": round(feedback_ms, 3),
        "feedback_symbols": int(np.ceil(feedback_ms * 1e3 / channel.symbol_duration_us)),
        "feedback_delay_symbols": channel.feedback_delay_symbols,
    }


def constellation_figure(reception: Reception, budget: Mapping[str, Any], title: str) -> Figure:
    """Draw the streams of each UE of the first drop, and the budget as text."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    panels = figure.subplots(1, len(MODALITIES) + 1)
    for axes, name, streams in zip(panels, MODALITIES, reception.streams, strict=False):
        for index in range(streams.shape[-1]):
            samples = streams[0, ..., index].ravel()
            axes.plot(samples.real, samples.imag, ".", markersize=3, label=f"stream {index + 1}")
        axes.set_title(f"{name}: streams as sent")
        axes.set_xlabel("in phase")
        axes.set_ylabel("quadrature")
        axes.set_aspect("equal", "datalim")
        axes.legend(loc="upper right", fontsize="small")
    panels[-1].axis("off")
    panels[-1].text(0, 1, "\n".join(_lines(budget)), va="top", family="monospace", fontsize="small")
    figure.suptitle(title)
    return figure


def _lines(budget: Mapping[str, Any]) -> list[str]:
    lines = [
        f"noise at an antenna  {budget['noise_power_antenna_db']:7.1f} dB",
        f"noise, combined      {budget['noise_power_combined_db']:7.1f} dB",
    ]
    for name, user in zip(MODALITIES, budget["users"], strict=True):
        gains = " ".join(f"{gain:.1f}" for gain in user["path_gains_db"])
        lines += [
            "",
            f"UE {name}",
            f"feedback             {user['feedback_bits']:5d} bits",
            f"transmit power       {user['transmit_power']:7.3f} P_t",
            f"path gains           {gains} dB",
            f"received power       {user['received_power_db']:7.1f} dB",
            f"received SNR         {user['received_snr_db']:7.1f} dB",
            f"spectral efficiency  {user['spectral_efficiency']:7.2f} bit/s/Hz",
        ]
    return [*lines, "", f"feedback delay       {budget['feedback_delay_ms']:7.3f} ms"]


def _db(power: float) -> float:
    return float(10 * np.log10(max(power, 1e-30)))
