"""A profile's own folder: links to the sources, parameters of its own, and nothing of the project changed."""

from pathlib import Path

import pytest

from cscsanet.config.params import profile_text
from cscsanet.errors import CscsanetError
from cscsanet.workflow.repro.plan import plan
from cscsanet.workflow.repro.run_folder import folder_of, prepare

ROOT = Path(__file__).parents[4]


@pytest.fixture
def root(tmp_path) -> Path:
    """The sources of this project, as links, with the parameters of the study."""
    project = tmp_path / "project"
    (project / ".dvc").mkdir(parents=True)
    for name in ("dvc.yaml", "stages", "constraints.txt", ".dvc/plots"):
        (project / name).symlink_to(ROOT / name)
    (project / "specialists" / "access").mkdir(parents=True)
    for name in ("dvc.yaml", "stages"):
        (project / "specialists/access" / name).symlink_to(ROOT / "specialists/access" / name)
    (project / "params.yaml").write_text(profile_text("study"))
    (project / "specialists/access/params.yaml").write_text(profile_text("small", "access"))
    return project


def test_the_profile_of_params_yaml_runs_in_place(root):
    assert prepare(root, "study") == root
    assert prepare(root, "small", "access") == root
    assert not (root / "runs").exists()


def test_another_profile_has_a_folder_with_links_to_the_sources(root):
    folder = prepare(root, "smoke")
    assert folder == root / "runs" / "smoke"
    assert (folder / "params.yaml").read_text() == profile_text("smoke")
    assert (folder / "stages").readlink() == Path("../../stages")
    assert (folder / "dvc.yaml").samefile(root / "dvc.yaml")
    assert "no_scm" in (folder / ".dvc" / "config").read_text()
    assert (root / "params.yaml").read_text() == profile_text("study")
    assert prepare(root, "smoke") == folder, "and again"
    assert prepare(folder, "smoke") == folder, "from within"
    assert folder_of(folder, "small") == root / "runs" / "small"
    assert folder_of(folder, "study") == root


def test_a_specialist_s_profile_has_its_parameters_there_too(root):
    folder = prepare(root, "smoke", "access")
    assert (folder / "specialists/access/params.yaml").read_text() == profile_text("smoke", "access")
    assert (folder / "params.yaml").read_text() == profile_text("smoke")
    assert (folder / "specialists/access/dvc.yaml").exists()


def test_changed_parameters_are_not_replaced(root):
    folder = prepare(root, "smoke")
    text = profile_text("smoke").replace("\nseed: 1\n", "\nseed: 4\n")
    (folder / "params.yaml").write_text(text)
    with pytest.raises(
        CscsanetError, match=r"is not the profile smoke; run 'cscsanet repro' in .*smoke to run it"
    ):
        prepare(root, "smoke")
    assert (folder / "params.yaml").read_text() == text


@pytest.mark.parametrize(
    ("profile", "specialist", "said"),
    [
        ("smal", None, "did you mean 'small'"),
        ("study", "access", "profile 'study': there is none of that name"),
        ("smoke", "acces", "did you mean 'access'"),
    ],
)
def test_unknown_names_are_one_line_and_make_no_folder(root, profile, specialist, said):
    with pytest.raises(CscsanetError, match=said):
        prepare(root, profile, specialist)
    assert not (root / "runs").exists()


def test_a_folder_without_a_pipeline_is_one_line(tmp_path):
    with pytest.raises(CscsanetError, match=r"holds no dvc\.yaml"):
        prepare(tmp_path, "smoke")
    with pytest.raises(CscsanetError, match=r"holds no dvc\.yaml"):
        plan(tmp_path, [], None, print)


def test_a_plan_has_the_stages_that_a_target_needs(root):
    addresses, reporter = plan(prepare(root, "smoke"), ["noma"], None, print)
    assert addresses == ["stage3@noma"]
    # code, scenes, split, channels, semantic, physical, noma
    assert reporter.total == 7
    assert {"code", "noma", "physical"} <= reporter.remaining.due
    addresses, reporter = plan(root, ["train"], "access", print)
    assert (addresses, reporter.total) == (["specialists/access/dvc.yaml:train"], 2)


def test_a_misspelt_target_is_one_line(root):
    with pytest.raises(CscsanetError, match=r"stage 'nomma': not in dvc\.yaml; did you mean 'noma'\?"):
        plan(root, ["nomma"], None, print)
