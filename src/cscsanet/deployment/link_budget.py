"""What one transmission cost and what it got: powers, noise, SNR and spectral efficiency, from the samples themselves.

Axes: one drop; K users, Q data symbols, N_c subcarriers, R chains. P_t = 1.
"""

from typing import Any

import numpy as np

from cscsanet.deployment.air import Paths, lower_factor
from cscsanet.deployment.chain import Reception
from cscsanet.points import OperatingPoint


def link_budget(found: Reception, paths: Paths, point: OperatingPoint) -> dict[str, Any]:
    """Return the budget of the first drop; powers linear for P_t = 1 or in dB, as their names say.

    spectral_efficiency: log2(1 + SNR) [bit/s/Hz] of each user's signal behind the whitened combiner, alone on the air.
    """
    noise = point.noise_power
    factor = lower_factor(found.combiner)[0]
    users = []
    for user in range(found.arrived.shape[1]):
        arrived = found.arrived[0, user]
        white = np.linalg.solve(factor, arrived.reshape(-1, arrived.shape[-1]).T)
        snr = float((np.abs(white) ** 2).sum(axis=0).mean() / noise)
        sent = np.abs(found.radiated[0, user]) ** 2
        users.append(
            {
                "feedback_bits": point.feedback_bits,
                "feedback_bytes": int(found.feedback[user].shape[-1]),
                "transmit_power": float(sent.sum(axis=-1).mean()),
                "path_gains_db": [float(10 * np.log10(np.abs(gain) ** 2)) for gain in paths.gain[0, user]],
                "received_power_db": _db(float((np.abs(arrived) ** 2).mean())),
                "received_snr_db": _db(snr),
                "spectral_efficiency": float(np.log2(1 + snr)),
            }
        )
    return {
        "noise_power_antenna_db": _db(noise),
        "noise_power_combined_db": _db(float((np.abs(found.noise[0]) ** 2).mean())),
        "users": users,
    }


def _db(power: float) -> float:
    return float(10 * np.log10(max(power, 1e-30)))
