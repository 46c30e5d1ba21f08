"""Errors for the user: one printable line, whatever they quote."""

import pytest

from cscsanet.cli.notes import note
from cscsanet.errors import CscsanetError, choose_of, one_line_errors, print_notes


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("a.png: é 2 x 3 − “no”", "a.png: é 2 x 3 − “no”"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("\x1b[31mred\x00", "\\x1b[31mred\\x00"),
        ("a\u2028b\udcff", "a\\u2028b\\udcff"),
    ],
)
def test_a_message_is_one_printable_line(message, shown, capsys):
    with pytest.raises(SystemExit), one_line_errors():
        raise CscsanetError(message)
    assert capsys.readouterr().err == f"error: {shown}\n"


def test_a_near_name_is_named_and_a_far_one_is_not():
    assert choose_of("nomma", ["noma", "oma"]) == "did you mean 'noma'? Choose one of noma, oma"
    assert choose_of("NOMA", ["noma"]).startswith("did you mean 'noma'?")
    assert choose_of("zebra", ["noma", "oma"]) == "choose one of noma, oma"


def test_of_an_endless_message_what_where_and_remedy_stay():
    message = str(CscsanetError(f"a.json: {'x' * 9000}; draw the drops again"))
    assert len(message) < 1100
    assert message.startswith("a.json: xxx")
    assert message.endswith("xxx; draw the drops again")


def test_a_note_is_one_printable_line(capsys):
    print_notes(["a\x1b[31m\nb"])
    note("c\x1b]0;title\x07")
    assert capsys.readouterr().err == "note: a\\x1b[31m\\nb\nnote: c\\x1b]0;title\\x07\n"
