"""The public names, and their signatures: a change here is a change for users, and belongs into the changelog."""

import inspect
from pathlib import Path

import pytest

import cscsanet
from cscsanet import phy

SURFACE = Path(__file__).with_name("surface.txt")


def called(value):
    """Return the parameters of a function as text, with defaults and without types."""
    if value is cscsanet.CscsanetError:
        return ""
    parameters = inspect.signature(value).parameters.values()
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in parameters]
    return str(inspect.Signature(plain))


def described(owner, name):
    """Yield lines on a public name: its signature, and those of the methods and properties of a class."""
    value = getattr(owner, name)
    label = f"{owner.__name__}.{name}"
    if inspect.ismodule(value) or not callable(value):
        yield label
        return
    yield f"{label}{called(value)}"
    if inspect.isclass(value) and value.__module__.startswith("cscsanet.api"):
        for member, content in sorted(vars(value).items()):
            if not member.startswith("_"):
                yield f"{label}.{member}{called(content) if inspect.isfunction(content) else ''}"


def surface():
    owners = (cscsanet, phy)
    return [line for owner in owners for name in owner.__all__ for line in described(owner, name)]


def test_the_public_surface_is_the_one_that_was_agreed_on():
    # python -m tests.unit.api.test_surface writes it again.
    assert surface() == SURFACE.read_text().splitlines()


@pytest.mark.parametrize("owner", [cscsanet, phy], ids=lambda owner: owner.__name__)
def test_every_public_name_is_documented(owner):
    for name in owner.__all__:
        if name != "__version__":
            assert inspect.getdoc(getattr(owner, name)), name
    assert set(owner.__all__) <= set(dir(owner))
    assert sorted(owner.__all__) == owner.__all__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = cscsanet.nothing


if __name__ == "__main__":
    SURFACE.write_text("".join(f"{line}\n" for line in surface()))
