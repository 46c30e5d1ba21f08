"""The examples in the docstrings of the Python interface, run as they stand."""

import doctest
import importlib

import pytest

MODULES = [
    "cscsanet",
    "cscsanet.phy",
    *(f"cscsanet.api.{name}" for name in ("channels", "link", "scenes", "specialist")),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried > 0, f"{name} has no example"
    assert failed == 0
