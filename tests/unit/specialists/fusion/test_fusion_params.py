"""Faults in specialists/fusion/params.yaml are one line that names them."""

import pytest
import yaml

from cscsanet.config.fusion import FusionParams, load_fusion_params
from cscsanet.config.params import profile_names, profile_text
from cscsanet.errors import CscsanetError


@pytest.mark.parametrize("name", profile_names("fusion"))
def test_every_profile_is_valid(name):
    params = FusionParams.model_validate(yaml.safe_load(profile_text(name, "fusion")))
    assert params.profile == f"fusion-{name}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  antennas: 16", "  antennas: 12", "air.antennas = 12: input should be a multiple of 8"),
        ("  comb: 2", "  comb: 3", "subcarriers = 16: must be a multiple of 24, eight for each of comb"),
        ("  max_delay: 4.0", "  max_delay: 8.0", "max_delay = 8: must be below subcarriers / comb = 8"),
        ("  ports: 3  ", "  ports: 4  ", "air.ports = 4: must not be above air.paths = 3"),
        ("  ports: 2  ", "  ports: 4  ", "link.ports = [4]: must not be above air.ports = 3"),
        ("feedback_bits: 16", "feedback_bits: 15", "must be a multiple of 2 (a digit has two bits)"),
        ("rho: [0.0, 1.0]", "rho: [1.0, 0.0]", "must be [lowest, highest]"),
        ("form: beliefs", "form: lstm", "network.form"),
        ("seeds: [2]", "seeds: [2, 2]", "repeats.seeds = [2, 2]: 2 is there twice"),
        (
            "patience: 10",
            "patience: 1",
            "patience = 1: must be at least 2, the epochs of the first two stages",
        ),
        ("  seeds: [1, 2]", "  seeds: [1, 1]", "anchor.seeds = [1, 1]: 1 is there twice"),
        ("stages: [0.33, 0.33]", "stages: [0.6, 0.5]", "must leave epochs for the training of all"),
        ("reseeded: [fusion]", "reseeded: [theirs]", "'theirs' is no training"),
        ("threads: 2", "treads: 2\nthreads: 2", "treads: unknown key; did you mean 'threads'?"),
    ],
)
def test_a_fault_is_one_line_that_names_it(old, new, said, tmp_path):
    text = profile_text("smoke", "fusion")
    assert old in text
    path = tmp_path / "params.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CscsanetError) as error:
        load_fusion_params(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
