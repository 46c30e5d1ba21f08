"""Trained Links: errors for missing builders and missing weights."""

import pytest

from cscsanet.config.schemes import SCHEMES
from cscsanet.errors import CscsanetError
from cscsanet.evaluation import schemes
from cscsanet.evaluation.schemes import BUILD, trained_link


def test_a_row_without_a_builder_is_an_error_that_names_the_place(smoke, tmp_path, monkeypatch):
    monkeypatch.setattr(schemes, "BUILD", {name: BUILD[name] for name in BUILD if name != "codebook"})
    with pytest.raises(CscsanetError, match=r"scheme 'codebook': .*add one to evaluation/schemes\.BUILD"):
        trained_link("codebook", smoke, lambda weights: tmp_path / weights)


def test_missing_weights_are_an_error_that_names_the_command(smoke, tmp_path):
    for name in ("noma", "mfnet-imported"):
        with pytest.raises(CscsanetError, match="no such weights") as error:
            trained_link(name, smoke, lambda weights: tmp_path / weights)
        assert SCHEMES[name].made_by in str(error.value)
