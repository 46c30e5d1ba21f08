"""The section `scenes`: lists of classes, layouts, and what contradicts itself."""

import pytest
import yaml

from cscsanet.config.params import load_params, profile_text
from cscsanet.config.scenes.classes import CLASS_LISTS
from cscsanet.config.scenes.layouts import LAYOUTS
from cscsanet.errors import CscsanetError

A, B = {"name": "a"}, {"name": "b"}
FOLDERS = {"source": "folders", "layout": {"rgb": "rgb/*.png", "labels": "labels/*.png"}, "classes": [A, B]}


@pytest.fixture
def loaded(tmp_path):
    def load(**scenes):
        content = yaml.safe_load(profile_text("smoke"))
        content["scenes"] |= scenes
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
        return load_params(tmp_path / "params.yaml")

    return load


def layout(**changes):
    return {**FOLDERS, "layout": {**FOLDERS["layout"], **changes}}


def test_known_datasets_have_as_many_classes_as_their_authors_say():
    assert {name: len(classes) for name, classes in CLASS_LISTS.items()} == {
        "mfnet": 9,
        "pst900": 5,
        "fmb": 15,
        "semanticrt": 13,
    }
    assert all(len(set(classes.colours)) == len(classes) for classes in CLASS_LISTS.values())
    assert set(LAYOUTS) == {"mfnet-split", "pst900", "fmb", "semanticrt"}


def test_classes_name_the_ids_of_files(loaded):
    scenes = loaded(**{**FOLDERS, "classes": [{**A, "ids": [7, 8]}, B], "ignored_ids": [255]}).scenes
    assert scenes.id_map == {7: 0, 8: 0, 1: 1}
    assert scenes.class_list.names == ("a", "b")


@pytest.mark.parametrize(
    ("scenes", "says"),
    [
        ({"source": "pst900"}, "classes: must be pst900 with source = pst900, or a list of classes"),
        ({"classes": "pst900"}, "classes: must be mfnet with source = rendered"),
        ({"classes": [A]}, "classes: must be mfnet with source = rendered"),
        ({"classes": "coco"}, "scenes.classes = 'coco': must be one of mfnet, pst900"),
        ({"classes": 3}, "scenes.classes = 3: must be a list"),
        ({**FOLDERS, "classes": []}, "must hold at least 1 value"),
        ({**FOLDERS, "classes": [{"name": f"c{index}"} for index in range(101)]}, "must hold at most 100 values"),
        ({**FOLDERS, "classes": [A, A]}, "is there twice"),
        ({**FOLDERS, "classes": [A, {"name": "a", "ids": [5]}]}, "name a is there twice"),
        ({**FOLDERS, "classes": [A, {**B, "ids": [0]}]}, "id 0 is there twice"),
        ({**FOLDERS, "classes": [{"name": "ignored"}]}, "ignored is there twice, or is of ignored pixels"),
        ({**FOLDERS, "classes": [{**A, "colour": [0, 0, 256]}]}, "colour.2 = 256"),
        ({**FOLDERS, "classes": [{**A, "colour": [0, 0]}]}, "colour"),
        ({**FOLDERS, "classes": [{**A, "tint": 1}]}, "tint: unknown key"),
        ({**FOLDERS, "classes": [{"name": "a\nb"}]}, "name"),
        ({**FOLDERS, "ignored_ids": [1]}, "ignored_ids = [1]: 1 is the id of b; remove it from one of the two"),
        ({"ignored_ids": [255]}, "ignored_ids = [255]: must be []"),
        ({**layout(coloured=True), "ignored_ids": [9]}, "ignored_ids = [9]: must be []"),
        ({**FOLDERS, "layout": None}, "layout: must say where the files are with source = folders"),
        ({"layout": FOLDERS["layout"]}, "layout: must be null with source = rendered"),
        ({**FOLDERS, "absent_classes": ["c"]}, "'c' is no class of scenes.classes; name some of a, b"),
        ({**FOLDERS, "thermal_range": [0, 9]}, "thermal_range = [0.0, 9.0]: must be null"),
        (layout(rgb="rgb/a.png"), "scenes.layout.rgb = 'rgb/a.png': must be FOLDER/*ENDING"),
        (layout(rgb="*/rgb.png"), "must be FOLDER/*ENDING"),
        (layout(rgb="../rgb/*.png"), "must be a path within scenes.folder"),
        (layout(rgb="/rgb/*.png"), "must be a path within scenes.folder"),
        (layout(rgb="rgb/*.bmp"), "must end with .png or .jpg"),
        (layout(rgb="rgb/*.jpg"), "thermal: must be given unless rgb is RGBA pictures"),
        (layout(labels="labels/*.jpg"), "must end with .png"),
        (layout(labels="rgb/*.png"), "must be files of different names or folders"),
        (layout(rgb="{part}/*.png"), "all or none must have {part}"),
        (layout(rgb="{part}/r/*.png", labels="{part}/l/*.png"), "parts: must name the folders"),
        (layout(parts=["a", "b", "c"]), "parts: must be null, since no folder has {part}"),
        (layout(lists=["a.txt", "b.txt", "a.txt"]), "must name each file or folder once"),
        (layout(lists=["a.txt", "b.txt"]), "lists"),
        (layout(lists=["a.txt", None, None]), "lists"),
        (layout(night="../n.txt"), "must be a path within scenes.folder"),
    ],
)  # fmt: skip
def test_a_contradiction_is_one_line(loaded, scenes, says):
    with pytest.raises(CscsanetError) as error:
        loaded(**scenes)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_split_by_lists_needs_lists(loaded, tmp_path):
    loaded(**FOLDERS)
    content = yaml.safe_load((tmp_path / "params.yaml").read_text())
    content["split"]["by"] = "lists"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(
        CscsanetError, match=r"split.by = lists: must be time, since scenes.layout names no lists"
    ):
        load_params(tmp_path / "params.yaml")
