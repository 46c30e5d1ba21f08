"""The tables of the kernel: the CSI-RS of a UE, the grids of `beamspace/path_search`, the order of the codeword.

Axes as in csi.h; G directions of a grid. The modules that define grids and order need PyTorch, and a station has
none, so a test compares these tables with theirs.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cscsanet.config.channel_notes import doppler_turns
from cscsanet.config.codeword import head_orders
from cscsanet.config.system import ChannelParams
from cscsanet.stations.kernel.structures import Floats

SWEEPS = 3
_COARSE_STEP, _FINE_STEP = 0.5, 0.25  # of the delay grids [samples]
DOPPLER_STEPS = 9

Complex = NDArray[np.complex128]


def delay_grids(max_delay: float) -> tuple[Floats, Floats]:
    """Return the coarse and the fine grid (D,) of delays up to a bound [samples]."""
    coarse, fine = (
        np.arange(0, max_delay + step / 2, step, dtype=np.float32) for step in (_COARSE_STEP, _FINE_STEP)
    )
    return coarse, fine


def kernel_tables(
    csirs: Mapping[str, Floats], channel: ChannelParams, aoa_beams: int, aod_beams: int
) -> dict[str, Floats]:
    """Return the tables by their names in csi.h; csirs: the outputs of the unit `csirs`."""
    transmit, baseband, receive = (
        csirs[name][..., 0] + 1j * csirs[name][..., 1].astype(float)
        for name in ("transmit", "baseband", "receive")
    )
    baseband = baseband.transpose(0, 2, 1)
    gram = np.einsum("lcn,ldn->lcd", baseband, baseband.conj())
    coarse, fine = delay_grids(channel.max_delay)
    fastest = doppler_turns(channel)
    tables = {
        "baseband": _pairs(baseband),
        "gram": _pairs(gram),
        "transmit": _pairs(transmit.transpose(1, 0, 2).reshape(transmit.shape[1], -1)),
        "receive": _pairs(receive),
        "coarse_ramp": _pairs(_ramp(channel.subcarriers, coarse)),
        "fine_ramp": _pairs(_ramp(channel.subcarriers, fine)),
        "coarse_delay_grid": coarse,
        "fine_delay_grid": fine,
        "doppler_grid": np.linspace(-fastest, fastest, DOPPLER_STEPS, dtype=np.float32),
        "head_order": np.array(head_orders(channel.rf_chains), np.float32),
    }
    # Two beams for each antenna on the coarse grids.
    for name, beams in (("aoa", aoa_beams), ("coarse_aoa", 2 * channel.bs_antennas)):
        grid = _directions(beams)
        tables |= {f"{name}_grid": grid, **_named(name, *_transmit(transmit, gram, grid))}
    for name, beams in (("aod", aod_beams), ("coarse_aod", 2 * channel.ue_antennas)):
        grid = _directions(beams)
        tables |= {f"{name}_grid": grid, **_named(name, *_receive(receive, grid))}
    return tables


def _directions(beams: int) -> Floats:
    """Return the grid u_i = -1 + (2 i + 1) / I, of `beam_grid.directions`."""
    return (np.arange(beams, dtype=np.float32) * 2 + 1) / np.float32(beams) - np.float32(1)


def _steering(directions: Floats, antennas: int) -> Complex:
    """Return a(u) (G, M) of directions u (G,)."""
    steering: Complex = np.exp(1j * math.pi * np.outer(directions.astype(float), np.arange(antennas)))
    return steering


def _ramp(subcarriers: int, delays: Floats) -> Complex:
    """Return e^(j 2 pi n tau / N_c), (N, D)."""
    ramp: Complex = np.exp(2j * math.pi / subcarriers * np.outer(np.arange(subcarriers), delays))
    return ramp


def _transmit(transmit: Complex, gram: Complex, directions: Floats) -> tuple[Complex, Floats]:
    """Return t* (L C, G) over a grid, and the energy (L, G) of s."""
    table = np.einsum("gm,lmc->lcg", _steering(directions, transmit.shape[1]), transmit)
    energy = np.einsum("lcg,lcd,ldg->lg", table, gram, table.conj()).real
    return table.conj().reshape(-1, len(directions)), energy.astype(np.float32)


def _receive(receive: Complex, directions: Floats) -> tuple[Complex, Floats]:
    """Return v* (L R, G) over a grid, and its energy (L, G) over the chains."""
    table = np.einsum("gt,lrt->lrg", _steering(directions, receive.shape[2]).conj(), receive)
    energy = (np.abs(table) ** 2).sum(axis=1)
    return table.conj().reshape(-1, len(directions)), energy.astype(np.float32)


def _named(name: str, table: Complex, energy: Floats) -> dict[str, Floats]:
    return {name: _pairs(table), f"{name}_energy": energy}


def _pairs(values: Complex) -> Floats:
    """Return real and imaginary parts as (2, ...)."""
    return np.stack((values.real, values.imag)).astype(np.float32)
