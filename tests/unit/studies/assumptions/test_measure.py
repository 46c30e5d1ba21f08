"""The measurements of variants: what is done for one, when it is done again, and what a study removes."""

import json

import pytest
import torch
from fixtures.measurements import outcome_of
from fixtures.params import altered
from fixtures.stages import RecordedStage

from cscsanet.channel.dataset import PARTS, open_drops
from cscsanet.config.assumptions import VariantParams
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.pipeline.data import write_channels
from cscsanet.studies.assumptions import measure as module
from cscsanet.studies.assumptions.measure import measure_variant, measure_variants
from cscsanet.studies.assumptions.variant import VariantWorkspace
from cscsanet.studies.sweeps import measure as sweeps
from cscsanet.workflow.workspace import Workspace

ENERGY = VariantParams(name="energy", what="more energy", snr_offset_db=6.0)


@pytest.fixture
def stage(smoke, tmp_path):
    return RecordedStage("assumptions", Workspace(tmp_path), smoke, "digest of the code")


@pytest.fixture
def calls(monkeypatch):
    """Every draw, training and measurement, without running any."""
    done = []
    monkeypatch.setattr("cscsanet.studies.assumptions.variant.trained_anew", lambda *_: ["noma"])
    monkeypatch.setattr(module, "_draw", lambda workspace, params: done.append("drops"))
    monkeypatch.setattr(module, "describe", lambda training, *_: training)
    monkeypatch.setattr(module, "train", lambda stage, training: done.append(training))
    monkeypatch.setattr(module, "measure_job", lambda stage, job, offset: done.append((job.scheme, offset)))
    monkeypatch.setattr(
        module,
        "write_constant",
        lambda workspace, params: workspace.measurements.mkdir(parents=True, exist_ok=True),
    )
    monkeypatch.setattr(module, "check_inputs", lambda *_: None)
    monkeypatch.setattr(module, "num_workers", lambda params: 1)
    for name in ("scene_digests", "drop_digests", "weight_digests"):
        monkeypatch.setattr(Workspace, name, lambda self, *_: {})
    return done


def test_a_variant_is_drawn_trained_and_measured_at_its_snr(stage, calls):
    measure_variant(stage, ENERGY)
    assert calls[:2] == ["drops", "noma"]
    assert set(calls[2:]) == {("noma", 6.0), ("oma", 6.0), ("dlcsi-pca", 6.0), ("perfect-pca", 6.0)}
    workspace = VariantWorkspace(stage.workspace.root, "energy", frozenset())
    assert json.loads(workspace.done.read_text())["trained"] == ["noma"]
    assert not workspace.folder.exists()


def test_a_variant_is_kept_until_something_that_it_depends_on_changes(stage, calls):
    def again(variant=ENERGY, **changes):
        calls.clear()
        stage.params = stage.params.model_copy(update=changes)
        measure_variant(stage, variant)
        return bool(calls)

    assert again()
    assert not again()
    # Its words, and the sections of other studies, change no measurement.
    assert not again(ENERGY.model_copy(update={"what": "in other words"}))
    assert not again(robustness=stage.params.robustness.model_copy(update={"paths": (1,)}))
    assert again(ENERGY.model_copy(update={"snr_offset_db": 5.0}))
    assert again()
    assert again(joint=stage.params.joint.model_copy(update={"epochs": 9}))
    stage.code = "another digest"
    assert again()
    VariantWorkspace(stage.workspace.root, "energy", frozenset()).done.write_text("{ damaged")
    assert again()


def test_a_study_measures_every_variant_and_removes_those_that_are_not_asked_for(stage, calls):
    root = stage.workspace.root
    for former in (root / "data/assumptions/former", root / "scratch/assumptions/former"):
        former.mkdir(parents=True)
    measure_variants(stage)
    names = {"as-here", *(variant.name for variant in stage.params.assumptions.variants)}
    assert {path.name for path in (root / "data/assumptions").iterdir()} == names
    assert not (root / "scratch/assumptions/former").exists()
    assert calls.count("drops") == len(names)


def test_without_variants_the_study_is_left_out(stage, calls, capsys):
    empty = stage.params.assumptions.model_copy(update={"variants": ()})
    stage.params = stage.params.model_copy(update={"assumptions": empty})
    measure_variants(stage)
    assert calls == []
    assert "left out" in capsys.readouterr().err
    # DVC asks for its output.
    assert (stage.workspace.root / "data/assumptions").is_dir()


def test_a_variant_has_drops_of_its_own_and_its_parts_share_none(smoke, tmp_path):
    workspace = VariantWorkspace(tmp_path, "flat", frozenset())
    flat = altered(smoke, channel={"max_delay": 0.0})
    module._draw(workspace, flat)
    parts = {part: open_drops(workspace.drops(part)) for part in PARTS}
    assert {part: len(store) for part, store in parts.items()} == {"train": 200, "val": 40, "test": 60}
    assert not any(store.all().delay.any() for store in parts.values())
    gains = [set(store.all().gain[:, 0, 0].tolist()) for store in parts.values()]
    assert len(set.union(*gains)) == 300
    # They are those that a project with these parameters draws.
    project = Workspace(tmp_path / "project")
    write_channels(project, flat)
    assert project.drop_digests(*PARTS) == workspace.drop_digests(*PARTS)
    # Drops of other parameters, left by a run that was killed, are drawn again; equal ones are kept.
    before = workspace.drop_digests(*PARTS)
    module._draw(workspace, smoke)
    assert all(open_drops(workspace.drops(part)).all().delay.any() for part in PARTS)
    written = (workspace.drops("test") / "manifest.json").stat().st_mtime_ns
    module._draw(workspace, smoke)
    assert (workspace.drops("test") / "manifest.json").stat().st_mtime_ns == written
    assert workspace.drop_digests(*PARTS) != before


class Nothing:
    """Scenes and drops that no one looks at."""

    names = ("a",)

    def __len__(self):
        return 1

    def check_matches(self, channel): ...

    def all(self): ...

    def batch(self, indices): ...


def test_an_snr_offset_moves_what_is_measured_and_not_its_name(smoke, monkeypatch, tmp_path):
    seen = []

    def measure(link, scenes, drops, point, channel, **settings):
        seen.append(point)
        return outcome_of(0.3)

    monkeypatch.setattr(sweeps, "measure", measure)
    monkeypatch.setattr(sweeps, "trained_link", lambda *_: (torch.nn.Identity(), "model"))
    monkeypatch.setattr(sweeps, "load_part", lambda *_: Nothing())
    monkeypatch.setattr(sweeps, "open_drops", lambda folder: Nothing())
    monkeypatch.setattr(sweeps, "sequences_of", lambda names, folder: ("s",))
    monkeypatch.setattr(sweeps, "data_digests", lambda *_, **__: None)
    point = OperatingPoint(-25.0, 8, 64, 4)
    (made,) = sweeps.measure_points(Workspace(tmp_path), smoke, "noma", [point], snr_offset_db=6.0)
    assert seen == [OperatingPoint(-19.0, 8, 64, 4)]
    assert made.point == point
