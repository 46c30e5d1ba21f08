"""The one exception that a user is meant to read."""


class CscsanetError(Exception):
    """Something that the user can put right; the message is one line: what, where, and what to do."""
