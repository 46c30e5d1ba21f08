"""The grid: which tasks there are, what they wait for, and which are asked for."""

import pytest

from cscsanet.config.studies import PointParams
from cscsanet.errors import CscsanetError
from cscsanet.studies.grid import cells as module
from cscsanet.studies.grid.cells import Selection, grid, select, with_seconds
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace

SLUG = "snr-25-L8-B64-Q4"


@pytest.fixture
def params(smoke):
    point = PointParams(snr_db=-25.0, csirs_symbols=8, feedback_bits=64, data_symbols=4)
    repeats = smoke.repeats.model_copy(
        update={
            "seeds": (2, 3),
            "reseeded": ("semantic", "physical", "noma", "codec"),
            "dedicated": (point,),
            "specialised": ("noma",),
        }
    )
    evaluation = smoke.evaluation.model_copy(
        update={"schemes": ("ideal", "noma", "oma"), "swept": ("noma", "oma"), "pictured": ("noma",)}
    )
    return smoke.model_copy(update={"repeats": repeats, "evaluation": evaluation})


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


@pytest.fixture
def cells(params, workspace, monkeypatch):
    """The grid, with nothing done."""
    monkeypatch.setattr(
        module,
        "stage_named",
        lambda workspace, params, name: Stage(name, workspace, params, f"code of {name}"),
    )
    return grid(workspace, params)


def names(cells):
    return {cell.task.name for cell in cells}


def test_there_is_a_task_for_each_repeat_measurement_and_variant(cells):
    trained = {
        f"train {name} seed-{seed}" for name in ("semantic", "physical", "noma", "codec") for seed in (2, 3)
    }
    measured = {f"measure {name}" for name in ("ideal", "noma", "oma", "oma other energy")}
    measured |= {f"measure {name} seed-{seed}" for name in ("ideal", "noma") for seed in (2, 3)}
    assert names(cells) == {
        *trained,
        f"train noma {SLUG}",
        *measured,
        f"measure noma {SLUG}",
        "variant as-here",
        "variant flat",
    }
    assert not any(cell.is_done for cell in cells)
    assert {cell.stage.code for cell in cells if cell.task.name.startswith("train")} == {"code of repeats"}
    assert {cell.stage.code for cell in cells if cell.task.name.startswith("measure")} == {"code of measure"}


def test_tasks_wait_for_the_weights_that_they_read(cells):
    after = {cell.task.name: cell.task.after for cell in cells}
    assert after["train noma seed-2"] == {"train semantic seed-2", "train physical seed-2"}
    assert after["train codec seed-3"] == {"train semantic seed-3"}
    assert after[f"train noma {SLUG}"] == frozenset()
    assert after["measure noma seed-2"] >= {"train noma seed-2"}
    assert after["measure noma"] == frozenset()
    order = [cell.task.name for cell in cells]
    assert all(order.index(name) < order.index(cell.task.name) for cell in cells for name in cell.task.after)


def test_the_weights_of_the_pipeline_that_tasks_read_are_named(cells, workspace, monkeypatch):
    needs = {cell.task.name: cell.needs for cell in cells}
    assert needs["train noma seed-2"] == frozenset()
    assert needs[f"train noma {SLUG}"] == {"semantic", "physical"}
    assert needs["measure noma seed-2"] == frozenset()
    assert "noma" in needs["measure noma"]


@pytest.mark.parametrize(
    ("selection", "asked", "needed"),
    [
        (Selection(seeds=(3,), schemes=("noma",)), {"measure noma seed-3"}, {"noma", "semantic", "physical"}),
        (Selection(seeds=(3,), schemes=("ideal",)), {"measure ideal seed-3"}, {"semantic"}),
        (
            Selection(seeds=(1,)),
            {"measure ideal", "measure noma", "measure oma", "measure oma other energy"},
            (),
        ),
        (Selection(variants=("flat",)), {"variant flat"}, ()),
        (Selection(schemes=("oma",)), {"measure oma", "measure oma other energy"}, ()),
    ],
)
def test_what_is_asked_for_comes_with_the_trainings_that_it_needs(cells, selection, asked, needed):
    trainings = {f"train {name} seed-3" for name in needed}
    assert names(select(cells, selection)) == asked | trainings


def test_points_and_variants_add_up_and_seeds_take_all_their_trainings(cells):
    chosen = names(select(cells, Selection(points=(SLUG,), variants=("as-here",))))
    assert chosen == {f"train noma {SLUG}", f"measure noma {SLUG}", "variant as-here"}
    assert "train codec seed-2" in names(select(cells, Selection(seeds=(2,))))
    assert select(cells, Selection()) == cells


@pytest.mark.parametrize(
    ("selection", "says"),
    [
        (
            Selection(schemes=("nome",)),
            r"--scheme nome: not in this study; did you mean 'noma'\? Choose one of ideal, noma, oma, or add",
        ),
        (Selection(seeds=(7,)), r"--seed 7: .* choose one of 2, 3, 1, or add it to repeats\.seeds"),
        (Selection(points=("snr0-L8-B64-Q4",)), rf"--point snr0-L8-B64-Q4: .*{SLUG}"),
        (
            Selection(variants=("flatt",)),
            r"--variant flatt: .* did you mean 'flat'\? Choose one of as-here, flat",
        ),
        (Selection(schemes=("oma",), seeds=(2,)), "no task is of all that is asked for"),
    ],
)
def test_a_name_that_is_not_in_the_grid_is_one_line(cells, selection, says):
    with pytest.raises(CscsanetError, match=says):
        select(cells, selection)


def test_what_is_done_is_not_run_and_not_waited_for(cells):
    from dataclasses import replace

    done = [replace(cell, is_done=cell.task.name == "train semantic seed-2") for cell in cells]
    tasks = {task.name: task for task in with_seconds(done, {"train noma seed-2": 5.0})}
    assert "train semantic seed-2" not in tasks
    assert tasks["train noma seed-2"].after == {"train physical seed-2"}
    assert tasks["train noma seed-2"].seconds == 5.0
    assert tasks["train codec seed-2"].seconds is None
