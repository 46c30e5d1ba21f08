"""The room for feedback in the codeword of the beamspace front end (`networks/beamspace/direction_code`)."""

_DIGITS, _FREE = 6, 2  # features of a direction, and free ones
_BEAM_DIGITS = 4  # of a direction, first at high SNR
_POOLS = (16, 8, 4, 2, 1)  # beams for each feature of the spectrum, from coarse to fine
_BITS = 2  # of a feature


def most_feedback_bits(paths: int, beams: int) -> int:
    """Return the largest B of P paths, as many as chains, and a grid of I beams, 16 | I."""
    head = paths * _DIGITS + (paths - 1) + 1 + _FREE
    return _BITS * (head + sum(beams // pool for pool in _POOLS))


def head_orders(paths: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the head's features in feedback order, at low and at high SNR; see `direction_code.codeword_order`.

    A feature is its position in the canonical order, digits | shares | gain | free.
    """
    digits = [range(path * _DIGITS, (path + 1) * _DIGITS) for path in range(paths)]
    shares = range(paths * _DIGITS, paths * _DIGITS + paths - 1)
    gain = paths * _DIGITS + paths - 1
    free = range(gain + 1, gain + 1 + _FREE)
    low = [*digits[0]]
    for share, further in zip(shares, digits[1:], strict=True):
        low += [share, *further]
    high = [feature for path in digits for feature in path[:_BEAM_DIGITS]] + [*shares]
    high += [path[_BEAM_DIGITS] for path in digits] + [gain]
    high += [path[digit] for digit in range(_BEAM_DIGITS + 1, _DIGITS) for path in digits]
    return (*low, gain, *free), (*high, *free)
