"""The examples in the docstrings of `channel`, run on the objects named in the package."""

import doctest
import importlib
import pkgutil

import pytest
import torch

import cscsanet.channel
from cscsanet.channel.paths import draw_paths

MODULES = [
    module.name
    for module in pkgutil.walk_packages(cscsanet.channel.__path__, f"{cscsanet.channel.__name__}.")
    if not module.ispkg
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name, smoke):
    generator = torch.Generator().manual_seed(2509)
    params = smoke.channel
    globs = {"params": params, "generator": generator, "paths": draw_paths(3, params, generator)}
    module = importlib.import_module(name)
    failed, tried = doctest.testmod(module, extraglobs={"torch": torch, **globs})
    assert tried > 0, f"{name} has no example"
    assert failed == 0
