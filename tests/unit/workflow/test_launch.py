"""Who starts the processes of a stage, and what is refused before any of them trains."""

import pytest
from fixtures.params import altered

from cscsanet.errors import CscsanetError, one_line_errors, print_notes
from cscsanet.workflow import launch as module
from cscsanet.workflow.code import StageCode
from cscsanet.workflow.launch import launch

TRAINING = StageCode({"cscsanet.training.fit:fit": "0"}, {})
JOBS = StageCode({"cscsanet.training.fit:fit": "0", "cscsanet.workflow.fan_out:fan_out": "0"}, {})


@pytest.fixture
def params(smoke):
    def build(processes=1, machines=1, shards=1):
        compute = {"accelerator": "cpu", "processes": processes, "machines": machines}
        return altered(smoke, compute=compute, recipe={"shards": shards})

    return build


@pytest.fixture
def started(monkeypatch):
    """The numbers of processes that were started, in place of starting them."""
    numbers = []
    monkeypatch.setattr(module, "_run", lambda count, name: numbers.append(count) or 7)
    return numbers


def among(monkeypatch, count, rank=0):
    monkeypatch.setenv("RANK", str(rank))
    monkeypatch.setenv("WORLD_SIZE", str(count))


def test_a_training_in_one_process_goes_on(params, started):
    launch(params(shards=4), "noma", TRAINING)
    assert started == []


def test_a_training_starts_its_processes_and_ends_with_their_code(params, started):
    with pytest.raises(SystemExit) as ended:
        launch(params(processes=2, shards=4), "noma", TRAINING)
    assert ended.value.code == 7
    assert started == [2]


def test_one_of_the_processes_goes_on(params, started, monkeypatch):
    among(monkeypatch, 2)
    launch(params(processes=2, shards=4), "noma", TRAINING)
    launch(params(machines=2, shards=4), "noma", TRAINING)
    assert started == []


def test_srun_s_processes_count_and_those_of_a_batch_script_do_not(params, started, monkeypatch):
    monkeypatch.setenv("SLURM_PROCID", "1")
    monkeypatch.setenv("SLURM_NTASKS", "2")
    launch(params(shards=2), "noma", TRAINING)
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "2")
    launch(params(machines=2, shards=2), "noma", TRAINING)
    assert started == []


def test_stages_of_several_trainings_remain_in_one_process(params, started, monkeypatch):
    launch(params(processes=2, shards=2), "repeats", JOBS)
    among(monkeypatch, 2)
    with pytest.raises(
        CscsanetError, match="stage repeats: started in 2 processes, but its work is not one training"
    ):
        launch(params(processes=2, shards=2), "repeats", JOBS)
    assert started == []


@pytest.mark.parametrize(
    ("values", "running", "message"),
    [
        ({"processes": 2}, 1, r"recipe\.shards = 1: must be a multiple of the 2 processes"),
        ({"processes": 2, "shards": 3}, 1, r"recipe\.shards = 3: must be a multiple of the 2 processes"),
        ({"machines": 2, "shards": 2}, 1, r"compute\.machines = 2: start the stage on each of them"),
        (
            {"processes": 2, "shards": 4},
            4,
            r"started in 4 processes, but compute\.processes x compute\.machines = 2",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(values, running, message, params, started, monkeypatch):
    if running > 1:
        among(monkeypatch, running)
    with pytest.raises(CscsanetError, match=message):
        launch(params(**values), "noma", TRAINING)
    assert started == []


def test_the_first_process_alone_prints_notes_and_others_say_who_they_are(monkeypatch, capsys):
    among(monkeypatch, 2, rank=1)
    print_notes(["seen once"])
    with pytest.raises(SystemExit), one_line_errors():
        raise CscsanetError("disk: full; free some")
    assert capsys.readouterr().err == "process 1: error: disk: full; free some\n"
