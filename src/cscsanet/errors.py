"""The exception for mistakes that a user can correct, and how it and notes are printed."""

import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from cscsanet import processes

_MOST_CHARACTERS = 1000


class CscsanetError(Exception):
    """A mistake of the user or of the environment; its message says what, where, and what to do.

    The message is one line that can be printed, whatever is in the names and values that it quotes:
    other characters are escaped, and the middle of an endless message is left out.
    """

    def __str__(self) -> str:
        message = super().__str__()
        if len(message) > _MOST_CHARACTERS:
            half = _MOST_CHARACTERS // 2
            message = f"{message[:half]} ... {message[-half:]}"
        return printable(message)


def printable(text: str) -> str:
    """Return a text with escapes in place of what moves a terminal's cursor, or changes its colours or its title."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return `did you mean 'noma'?` for the name that is nearest to a misspelt one, or an empty text if none is near."""
    close = get_close_matches(name.lower(), list(names), n=1, cutoff=0.7)
    return f"did you mean '{close[0]}'?" if close else ""


def choose_of(name: str, names: Collection[str]) -> str:
    """Return what to do about a name that is none of some: the nearest, and all of them."""
    near = did_you_mean(name, names)
    listed = f"hoose one of {', '.join(names)}"
    return f"{near} C{listed}" if near else f"c{listed}"


class Stopped(BaseException):
    """SIGTERM came, as from a scheduler that takes the machine back; no `except Exception` may hold it up."""


def print_notes(notes: Iterable[str]) -> None:
    """Print what a user should know, and need not correct, on standard error, one line each.

    Of several processes that share a training the first prints.
    """
    for note in notes if processes.is_first() else ():
        print(f"note: {printable(note)}", file=sys.stderr)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Print a CscsanetError as one line and exit with code 1. Any other exception is a bug and keeps its traceback."""
    try:
        yield
    except CscsanetError as error:
        # All of several processes meet most errors; one that another meets alone must be seen, too.
        where = "" if processes.is_first() else f"process {processes.rank()}: "
        print(f"{where}error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
