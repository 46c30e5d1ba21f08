"""Where a sampled profile is highest, finer than its grid."""

from torch import Tensor

from cscsanet.networks.beam_grid import wrapped


def peak(profile: Tensor, grid: Tensor, circular: bool = False) -> Tensor:
    """Return where a profile (batch, G) over an even grid (G,) is highest, by a parabola through three points."""
    best = profile.argmax(dim=-1, keepdim=True)
    last = len(grid) - 1
    if circular:
        before, after = (best - 1) % len(grid), (best + 1) % len(grid)
    else:
        before, after = (best - 1).clamp_min(0), (best + 1).clamp_max(last)
    low, top, high = (profile.gather(-1, index) for index in (before, best, after))
    bend = (low - 2 * top + high).clamp_max(-1e-12)
    offset = (0.5 * (low - high) / bend).clamp(-0.5, 0.5)
    step = (grid[-1] - grid[0]) / max(last, 1)
    found = (grid[best] + offset * step).squeeze(-1)
    return wrapped(found) if circular else found.clamp(grid[0], grid[-1])
