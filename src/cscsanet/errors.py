"""The exception for mistakes that a user can correct, and how it and notes are printed."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class CscsanetError(Exception):
    """A mistake of the user or of the environment; its message says what, where, and what to do."""


def print_notes(notes: Iterable[str]) -> None:
    """Print what a user should know, and need not correct, on standard error, one line each."""
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Print a CscsanetError as one line and exit with code 1. Any other exception is a bug and keeps its traceback."""
    try:
        yield
    except CscsanetError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
