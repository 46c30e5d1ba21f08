"""The units in real numbers, and their graphs, are the link."""

import numpy as np
import pytest
import torch
import yaml

from cscsanet.config.fusion import SHAPES, FusionParams
from cscsanet.config.params import profile_text
from cscsanet.errors import CscsanetError
from cscsanet.specialists.fusion.export import export_units, signatures, units_of
from cscsanet.specialists.fusion.measure import seen_drops
from cscsanet.specialists.fusion.parity import (
    BS,
    PORTS,
    TOLERANCE,
    UE,
    Link,
    apart,
    chain,
    check,
    examples,
    graph_inputs,
    open_units,
    parity_row,
    served,
)
from cscsanet.specialists.fusion.points import home
from cscsanet.specialists.fusion.task import initial_system
from cscsanet.specialists.fusion.training import models
from cscsanet.stations.metadata import BATCH
from cscsanet.training.weights import save_weights


def altered(params, **sections):
    content = params.model_dump()
    for section, values in sections.items():
        content[section] = {**content[section], **values}
    return FusionParams.model_validate(content)


@pytest.fixture(scope="module")
def params():
    smoke = FusionParams.model_validate(yaml.safe_load(profile_text("smoke", "fusion")))
    evaluation = {"rho": [0.0, 0.9], "srs_snr_db": [-10.0, 0.0], "dl_snr_db": [0.0], "speed_kmh": [3.0]}
    return altered(smoke, link={"feedback_bits": 12}, evaluation=evaluation)


def moved(params, seed=3):
    """Return a link whose weights were moved from where it starts."""
    system = initial_system(params, 1)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in system.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return system.eval()


def link_of(params, system, drops=5, **values):
    """Return PyTorch's link over drops at `params.link` with other values."""
    point = home(altered(params, link=values))
    (seen,) = seen_drops(params, point, "test", drops)
    return Link(system, seen)


class InPlaceOfGraphs:
    """Units in real numbers, which run as the sessions of their graphs do."""

    def __init__(self, unit, signature):
        self.unit, self.signature = unit, signature

    def run(self, _, feeds):
        given = [torch.as_tensor(feeds[name]) for name in self.signature.inputs]
        with torch.no_grad():
            outputs = self.unit(*given)
        return [each.numpy() for each in (outputs if isinstance(outputs, tuple) else (outputs,))]


def units(params, system):
    given = signatures(params)
    return {name: InPlaceOfGraphs(unit, given[name]) for name, unit in units_of(system, params).items()}


@pytest.mark.parametrize(
    ("link", "network"),
    [
        ({}, {}),
        ({"srs_snr_db": -10.0}, {}),  # another law of amplitudes, and other bits first
        ({"rho": 0.3, "users": 3, "ports": 3}, {"projection": "cnn"}),
        ({"ports": 1, "feedback_bits": 2}, {"ports": "classical", "projection": "none"}),
    ],
)
def test_units_in_real_numbers_are_the_link(link, network, params):
    changed = altered(params, link=link, network=network)
    system = moved(changed)
    row = parity_row(changed, system, units(changed, system), home(changed))
    assert row["ports_apart"] < 1e-4
    assert row["bits_equal"] == 1
    assert row["precoders_apart"] < TOLERANCE
    assert row["drops"] > 15
    assert row["sum_se_apart"] < 0.01 * row["sum_se"]


def test_bits_of_one_user_are_those_of_the_whole_link(params):
    system = moved(params)
    link = link_of(params, system)
    with torch.no_grad():
        made = system(link.seen.air, link.seen.drops, link.seen.conditions, 2, 12)
    (bits,) = units(params, system)[UE].run(None, graph_inputs(link)[UE])
    assert bits.dtype == np.uint8
    assert np.array_equal(bits.reshape(5, 2, 12), made.bits.numpy())
    assert apart(link.precoders.numpy(), made.fusion.numpy()).max() < 1e-5


def test_graphs_serve_the_points_with_what_was_agreed(params):
    points = served(params)
    assert home(params) in points
    assert {point.rho for point in points} == {0.9, 1.0}
    assert {point.srs_snr_db for point in points} == {0.0}
    assert {point.dl_snr_db for point in points} == {0.0, 10.0}
    assert {(point.feedback_bits, point.ports, point.users) for point in points} == {(12, 2, 2)}


def test_distances_do_not_see_the_phases_of_users():
    generator = np.random.default_rng(0)
    one = generator.normal(size=(3, 4, 8, 2)) + 1j * generator.normal(size=(3, 4, 8, 2))
    turned = one * np.exp(1j * generator.normal(size=(3, 4, 1, 2)))
    assert apart(one, turned).max() < 1e-6
    assert apart(one, one[::-1])[0] > 1


ROW = {"drops": 20, "undecided": 0, "ports_apart": 0.0, "bits_equal": 1.0, "precoders_apart": 0.0}


@pytest.mark.parametrize(
    "wrong",
    [{"ports_apart": 0.02}, {"precoders_apart": 0.02}, {"bits_equal": 0.9}, {"drops": 9, "undecided": 11}],
)
def test_rows_that_are_apart_are_refused(wrong):
    check([ROW, ROW], "fusion")
    with pytest.raises(CscsanetError, match="fusion"):
        check([{**ROW, **wrong}], "fusion")


@pytest.mark.parametrize(
    "network", [{"form": "precoders"}, {"ports": "random"}, {"fuses_srs": False}, {"beam": False}]
)
def test_a_link_without_graphs_is_refused(network, params, tmp_path):
    (model, *_) = models(altered(params, network=network))
    save_weights(initial_system(model.params, 1), tmp_path / "w.safetensors", model.params, SHAPES, {})
    with pytest.raises(CscsanetError, match="graphs"):
        export_units(model, tmp_path / "w.safetensors", tmp_path)
    assert not list(tmp_path.glob("*.onnx"))


@pytest.fixture(scope="module")
def exported(params, tmp_path_factory):
    """A link, and its graphs."""
    folder = tmp_path_factory.mktemp("onnx")
    model = models(params)[0]
    save_weights(moved(params), folder / "fusion.safetensors", model.params, SHAPES, {})
    system = export_units(model, folder / "fusion.safetensors", folder)
    return system, open_units(folder)


def test_graphs_are_the_link_at_every_point_that_they_serve(exported, params):
    system, sessions = exported
    rows = [parity_row(params, system, sessions, point) for point in served(params)]
    check(rows, "fusion")
    assert min(row["drops"] for row in rows) > 15
    assert all(row["drops"] + row["undecided"] == 20 for row in rows)
    assert all(row["sum_se_apart"] < 0.01 * row["sum_se"] for row in rows)


def test_graphs_have_the_shapes_of_their_signatures_for_any_number_of_drops(exported, params):
    system, sessions = exported
    given = signatures(params)
    for name, (feeds, outputs) in examples(params, system, sessions).items():
        batch = 2 if name == UE else 1  # of users
        for values, specs in ((feeds, given[name].inputs), (outputs, given[name].outputs)):
            assert set(values) == set(specs)
            for key, spec in specs.items():
                shape = tuple(batch if axis == BATCH else axis for axis in spec.shape)
                assert (values[key].shape, values[key].dtype) == (shape, spec.dtype), (name, key)


def test_the_precoders_of_the_graph_follow_the_bits(exported, params):
    system, sessions = exported
    link = link_of(params, system, drops=20)
    feeds = graph_inputs(link)[BS]
    other = {**feeds, "bits": 1 - feeds["bits"]}
    before, after = (sessions[BS].run(None, each)[0] for each in (feeds, other))
    before, after = (each[..., 0] + 1j * each[..., 1] for each in (before, after))
    assert np.median(apart(after, before)) > 10 * TOLERANCE
    # And they are those that PyTorch has with these bits.
    link.bits = 1 - link.bits
    with torch.no_grad():
        expected = link._precoders(link.paths, link.seen.drops.srs).numpy()
    assert np.median(apart(after, expected)) < TOLERANCE


def test_graphs_of_other_weights_are_noticed(exported, params):
    _, sessions = exported
    row = parity_row(params, moved(params, seed=4), sessions, home(params))
    assert row["precoders_apart"] > TOLERANCE
    assert row["ports_apart"] > TOLERANCE
    with pytest.raises(CscsanetError):
        check([row], "fusion")


def test_graphs_alone_go_from_srs_to_precoders(exported, params):
    system, sessions = exported
    link = link_of(params, system, drops=1)
    assert apart(chain(link, sessions), link.precoders.numpy()).max() < TOLERANCE
    assert sessions[PORTS].run(None, graph_inputs(link)[PORTS])[0].shape == (1, 2, 2, 16, 2)
