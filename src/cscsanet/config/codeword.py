"""The room for feedback in the codeword of the beamspace front end (`networks/beamspace/direction_code`)."""

_DIGITS, _FREE = 6, 2  # features of a direction, and free ones
_POOLS = (16, 8, 4, 2, 1)  # beams for each feature of the spectrum, from coarse to fine
_BITS = 2  # of a feature


def most_feedback_bits(paths: int, beams: int) -> int:
    """Return the largest B of P paths, as many as chains, and a grid of I beams, 16 | I."""
    head = paths * _DIGITS + (paths - 1) + 1 + _FREE
    return _BITS * (head + sum(beams // pool for pool in _POOLS))
