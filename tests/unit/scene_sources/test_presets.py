"""Datasets in the layouts of their authors, on small made-up folders: names, classes, lists, day and night."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from cscsanet.config.params import Params, load_params, profile_text
from cscsanet.errors import CscsanetError
from cscsanet.pipeline.data import split_scenes, write_scenes
from cscsanet.pipeline.made_from import check_scenes
from cscsanet.scene_sources.manifest import read_manifest
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.layout import read_originals
from cscsanet.workflow.workspace import Workspace

HEIGHT, WIDTH = 48, 64


def draw(seed: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return RGBA pixels and labels that hold every class."""
    source = np.random.default_rng(seed)
    pixels = source.integers(0, 255, (HEIGHT, WIDTH, 4), dtype=np.uint8)
    return pixels, source.permutation(np.arange(HEIGHT * WIDTH) % classes).reshape(HEIGHT, WIDTH).astype(
        np.uint8
    )


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(
        path, quality=100, subsampling=0
    ) if path.suffix == ".jpg" else Image.fromarray(pixels).save(path)


def write(root: Path, layout: tuple[str, str, str], names: list[str], classes: int, first: int = 0) -> None:
    """Write frames; layout: of RGB, thermal and labels, with * for the name."""
    rgb, thermal, labels = layout
    for seed, name in enumerate(names, start=first):
        pixels, ids = draw(seed, classes)
        save(root / rgb.replace("*", name), pixels[..., :3])
        save(root / thermal.replace("*", name), pixels[..., 3])
        save(root / labels.replace("*", name), ids)


def lists(root: Path, parts: dict[str, list[str]]) -> None:
    for part, names in parts.items():
        (root / f"{part}.txt").write_text("".join(f"{name}\n" for name in names))


def pst900(root: Path) -> None:
    for first, (part, names) in enumerate(
        {
            "train": ["31_bag_frame10", "31_bag_frame9", "7_bag_frame1", "7_bag_frame2"],
            "test": ["31_bag_frame10", "40_bag_frame3"],
        }.items()
    ):
        write(
            root, (f"{part}/rgb/*.png", f"{part}/thermal/*.png", f"{part}/labels/*.png"), names, 5, 10 * first
        )
    # Other folders that the dataset has.
    save(root / "train" / "thermal_raw" / "31_bag_frame9.png", np.zeros((4, 4), np.uint8))


def fmb(root: Path) -> None:
    for first, (part, names) in enumerate(
        {"train": ["00001", "00003", "00004", "00007"], "test": ["00002", "00005"]}.items()
    ):
        write(
            root,
            (f"{part}/Visible/*.png", f"{part}/Infrared/*.png", f"{part}/Label/*.png"),
            names,
            15,
            10 * first,
        )
        save(root / part / "color" / "00001.png", np.zeros((4, 4, 3), np.uint8))


def semanticrt(root: Path) -> None:
    write(root, ("rgb/*.jpg", "thermal/*.jpg", "labels/*.png"), [f"scene{n}" for n in range(8, 14)], 13)
    lists(
        root,
        {
            "train": ["scene10.jpg", "scene8.jpg", "scene9.jpg"],
            "val": ["scene11.jpg"],
            "test": ["scene13.jpg", "scene12.jpg"],
        },
    )


def mfnet_split(root: Path) -> None:
    names = ["00001D", "00002D", "00003D", "00010N", "00011N", "00012N", "00001D_flip"]
    write(root, ("rgb/*.png", "thermal/*.png", "labels/*.png"), names, 9)
    lists(
        root,
        {
            "train": ["00001D", "00001D_flip", "00010N"],
            "val": ["00002D", "00011N"],
            "test": ["00003D", "00012N"],
        },
    )


WRITERS = {"pst900": pst900, "fmb": fmb, "semanticrt": semanticrt, "mfnet-split": mfnet_split}
CLASSES = {"pst900": 5, "fmb": 15, "semanticrt": 13, "mfnet-split": 9}


def params_of(tmp_path: Path, by: str = "lists", **scenes: object) -> Params:
    content = yaml.safe_load(profile_text("smoke"))
    content["scenes"] |= {"folder": "external", "height": HEIGHT, "width": WIDTH, **scenes}
    content["split"]["by"] = by
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    return load_params(tmp_path / "params.yaml")


def imported(tmp_path: Path, source: str, by: str = "lists", **scenes: object) -> tuple[Workspace, Params]:
    """Import the made-up dataset of a source, and split it."""
    named = {"classes": source} if source not in ("mfnet-split", "folders") else {}
    params = params_of(tmp_path, by, **{"source": source, **named, **scenes})
    workspace = Workspace(tmp_path)
    write_scenes(workspace, params)
    split_scenes(workspace, params)
    return workspace, params


def parts_of(workspace: Workspace) -> dict[str, list[str]]:
    return {
        part: load_part(workspace.scenes, workspace.split, part).titles for part in ("train", "val", "test")
    }


@pytest.mark.parametrize("source", WRITERS)
def test_a_dataset_is_imported_with_its_pixels_classes_and_names(tmp_path, source):
    WRITERS[source](tmp_path / "external")
    workspace, params = imported(tmp_path, source)
    check_scenes(workspace, params)
    part = load_part(workspace.scenes, workspace.split, "test")
    assert part.annotation.classes == params.scenes.class_list
    assert len(part.annotation.classes) == CLASSES[source]
    assert part.labels.max() == CLASSES[source] - 1
    assert read_manifest(workspace.scenes).source == source


def test_pst900_has_no_validation_list_so_the_last_training_frames_are_taken(tmp_path):
    pst900(tmp_path / "external")
    workspace, params = imported(tmp_path, "pst900")
    # Numbers in names are ordered by value, and val is the last quarter of four.
    assert parts_of(workspace) == {
        "train": ["train/7_bag_frame1", "train/7_bag_frame2", "train/31_bag_frame9"],
        "val": ["train/31_bag_frame10"],
        "test": ["test/31_bag_frame10", "test/40_bag_frame3"],
    }
    part = load_part(workspace.scenes, workspace.split, "test")
    pixels, ids = draw(10, 5)
    assert np.array_equal(part.images[0].permute(1, 2, 0).numpy(), pixels)
    assert np.array_equal(part.labels[0].numpy(), ids)
    # A changed share makes another split, and is noticed.
    moved = params.model_copy(update={"split": params.split.model_copy(update={"val": 0.4})})
    with pytest.raises(CscsanetError, match=r"made with split.val = 0.25, but params.yaml says 0.4"):
        check_scenes(workspace, moved)


def test_day_and_night_are_absent_where_no_name_says_them(tmp_path):
    fmb(tmp_path / "external")
    workspace, _ = imported(tmp_path, "fmb")
    manifest = read_manifest(workspace.scenes)
    assert (manifest.day, manifest.night) == (None, None)
    assert load_part(workspace.scenes, workspace.split, "train").night is None
    split = yaml.safe_load((workspace.split / "split.json").read_text())
    assert split["parts"]["train"]["day"] is None


def test_the_lists_of_a_dataset_may_name_files_and_keep_their_order(tmp_path):
    semanticrt(tmp_path / "external")
    workspace, _ = imported(tmp_path, "semanticrt")
    assert parts_of(workspace) == {
        "train": ["scene10", "scene8", "scene9"],
        "val": ["scene11"],
        "test": ["scene13", "scene12"],
    }


def test_mfnet_in_two_files_keeps_its_names_day_and_night(tmp_path):
    mfnet_split(tmp_path / "external")
    workspace, _ = imported(tmp_path, "mfnet-split")
    part = load_part(workspace.scenes, workspace.split, "test")
    assert part.names == ["00003D", "00012N"]
    assert part.night.tolist() == [False, True]
    assert read_originals(workspace.scenes) == {}
    assert not (workspace.scenes / "annotation.json").exists()


FOLDERS = {"rgb": "frames/*_rgb.png", "thermal": "frames/*_t.png", "labels": "seg/*.png"}
TWO = [{"name": "ground", "ids": [7, 1]}, {"name": "thing", "colour": [255, 0, 0], "ids": [2]}]


def folders(root: Path, names: list[str]) -> None:
    write(root, tuple(FOLDERS.values()), names, 3)
    for path in (root / "seg").iterdir():
        ids = np.asarray(Image.open(path)).copy()
        ids[ids == 0] = 200
        ids[0, :3] = (7, 1, 2)
        Image.fromarray(ids).save(path)


@pytest.fixture
def project(tmp_path):
    folders(tmp_path / "external", ["a b", "k2", "k10", "z1", "z2"])
    (tmp_path / "external" / "night.txt").write_text("k10\nz2\n")
    return tmp_path


def test_a_dataset_of_any_names_ids_and_folders(project):
    lists(project / "external", {"train": ["a b", "k2", "k10"], "val": ["z1"], "test": ["z2"]})
    layout = {**FOLDERS, "lists": ["train.txt", "val.txt", "test.txt"], "night": "night.txt"}
    workspace, _ = imported(project, "folders", classes=TWO, ignored_ids=[200], layout=layout)
    part = load_part(workspace.scenes, workspace.split, "train")
    assert read_originals(workspace.scenes) == {
        "00001D": "a b",
        "00002D": "k2",
        "00003N": "k10",
        "00004D": "z1",
        "00005N": "z2",
    }
    assert part.night.tolist() == [False, False, True]
    assert part.annotation.ignored
    assert part.annotation.classes.names == ("ground", "thing")
    assert part.annotation.classes.colours[1] == (255, 0, 0)
    assert part.labels[0, 0, :3].tolist() == [0, 0, 1]
    assert set(part.labels.unique().tolist()) == {0, 1, 255}


@pytest.mark.parametrize("night", [None, "k*"])
def test_a_split_by_time_needs_no_lists(project, night):
    workspace, _ = imported(
        project, "folders", "time", classes=TWO, ignored_ids=[200], layout={**FOLDERS, "night": night}
    )
    names = [name for part in parts_of(workspace).values() for name in part]
    assert sorted(names) == sorted(["a b", "k2", "k10", "z1", "z2"])


def test_coloured_labels_are_read_by_the_colours_of_the_classes(project):
    colours = np.array([[10, 20, 30], [40, 50, 60]], np.uint8)
    for path in (project / "external" / "seg").iterdir():
        Image.fromarray(colours[np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 2]).save(path)
    classes = [{"name": "b", "colour": [40, 50, 60]}, {"name": "a", "colour": [10, 20, 30]}]
    layout = {**FOLDERS, "coloured": True}
    workspace, _ = imported(project, "folders", "time", classes=classes, layout=layout)
    assert load_part(workspace.scenes, workspace.split, "train").labels[0, 0, :2].tolist() == [1, 0]
    bad = project / "external" / "seg" / "k2.png"
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), 9, np.uint8)).save(bad)
    with pytest.raises(CscsanetError, match=r"k2.png: colour \[9, 9, 9\] at row 0, column 0 is of no class"):
        imported(project, "folders", "time", classes=classes, layout=layout)


def spoil_id(root: Path) -> None:
    Image.fromarray(np.full((HEIGHT, WIDTH), 9, np.uint8)).save(root / "seg" / "k2.png")


def spoil_list(root: Path) -> None:
    (root / "val.txt").unlink()


def spoil_twice(root: Path) -> None:
    (root / "frames" / "k2_rgb.PNG").write_bytes((root / "frames" / "k2_rgb.png").read_bytes())


def spoil_missing(root: Path) -> None:
    (root / "frames" / "z1_t.png").unlink()


def spoil_unknown(root: Path) -> None:
    (root / "val.txt").write_text("z9\n")


def spoil_two_lists(root: Path) -> None:
    (root / "val.txt").write_text("k2\n")


def spoil_mirrored(root: Path) -> None:
    (root / "val.txt").write_text("z1_flip\n")


def spoil_night(root: Path) -> None:
    (root / "night.txt").write_text("nobody\n")


def spoil_folder(root: Path) -> None:
    (root / "seg").rename(root / "labels")


def spoil_link(root: Path) -> None:
    (root / "seg" / "k2.png").rename(root.parent / "k2.png")
    (root / "seg" / "k2.png").symlink_to(root.parent / "k2.png")


def spoil_absent(root: Path) -> None:
    for path in (root / "seg").iterdir():
        Image.fromarray(np.full((HEIGHT, WIDTH), 7, np.uint8)).save(path)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (spoil_id, "k2.png: label id 9 at row 0, column 0 is of no class; give it to one in scenes.classes"),
        (spoil_list, "val.txt: no such list; scenes.layout.lists names it"),
        (spoil_twice, "is of frame k2, as k2_rgb.PNG is; remove one of the two"),
        (spoil_missing, "z1_t.png: no such file, yet frames/ holds z1_rgb.png"),
        (spoil_unknown, "val.txt: lists 'z9', and there is no such frame"),
        (spoil_two_lists, "val.txt: lists k2 as train.txt does; remove it from one"),
        (spoil_mirrored, "val.txt: lists no frame but mirrored copies"),
        (spoil_night, "night.txt: names no frame of the dataset"),
        (spoil_folder, "seg: no such folder; check scenes.folder, scenes.source and scenes.layout"),
        (spoil_link, "is a link that leads out of"),
        (spoil_absent, "no label holds thing (id 1); if the ids are those of scenes.classes"),
    ],
)
def test_a_fault_is_one_line_and_nothing_is_written(project, spoil, says):
    lists(project / "external", {"train": ["a b", "k2", "k10"], "val": ["z1"], "test": ["z2"]})
    layout = {**FOLDERS, "lists": ["train.txt", "val.txt", "test.txt"], "night": "night.txt"}
    spoil(project / "external")
    with pytest.raises(CscsanetError) as caught:
        imported(project, "folders", classes=TWO, ignored_ids=[200], layout=layout)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (project / "data" / "scenes").exists()
