"""Stage III: its four kinds, and a training at fewer points than its networks are built for."""

from cscsanet.links.csc_sa_net import noma, oma
from cscsanet.pipeline.stage3 import NOMA, TRAININGS, joint_training


def test_access_and_alignment_give_four_trainings_and_tracking_two():
    tracked = {name: (joint.alignment, joint.semantic) for name, joint in TRAININGS.items() if joint.tracked}
    assert tracked == {"noma_tracked": ("learned", "codec"), "oma_tracked": ("learned", "semantic_oma")}
    kinds = {
        name: (joint.build, joint.alignment, joint.semantic)
        for name, joint in TRAININGS.items()
        if not joint.tracked
    }
    assert kinds == {
        "noma": (noma, "none", "semantic"),
        "noma_aligned": (noma, "learned", "semantic"),
        "oma": (oma, "none", "semantic_oma"),
        "oma_aligned": (oma, "learned", "semantic_oma"),
    }


def test_networks_are_built_for_all_points_of_the_stage(stage, smoke, monkeypatch):
    monkeypatch.setattr(type(stage.workspace), "scene_digests", lambda self: {"scenes": "s", "split": "p"})
    monkeypatch.setattr(type(stage.workspace), "drop_digests", lambda self, *parts: dict.fromkeys(parts, "d"))
    monkeypatch.setattr(
        type(stage.workspace), "weight_digests", lambda self, *names: dict.fromkeys(names, "w")
    )
    single = smoke.points.model_copy(update={"csirs_symbols": (2,), "feedback_bits": (16,)})
    params = smoke.model_copy(update={"points": single, "seed": 9})
    training = joint_training(stage, params, "repeats/noma-L2", NOMA, {})
    assert training.params == params
    assert training.networks_for.points == smoke.points
    assert training.networks_for.seed == 9
    assert training.inputs == {
        **{"scenes": "s", "split": "p"},
        **{"train": "d", "val": "d"},
        **{"semantic": "w", "physical": "w"},
    }
