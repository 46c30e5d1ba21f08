"""One quick fault of each kind; `make soak` has all of them."""

import pytest
from faults.plan import DROPS, POINT, TRAINING, Fault

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(3000)]

MEASURE = "python stages/measure.py"
SPLIT = "python stages/split.py"
QUICK = [
    Fault("kill", "python stages/acquisition.py", "at 0.8 of its time", "python stages/acquisition.py"),
    Fault("unfinished", "last.ckpt", "middle flipped", TRAINING),
    Fault("corrupt", f"{DROPS}/gain_re.npy", "middle flipped", "python stages/acquisition.py"),
    Fault("corrupt", POINT, "middle flipped", MEASURE),
    Fault("corrupt", "mlflow.db", "head zeroed", SPLIT),
    Fault("full_disk", "data", "8 kB free", "python stages/channels.py"),
    Fault("at_once", SPLIT, "two scripts at once", SPLIT),
    Fault("clock", SPLIT, "set back by ten years before it", SPLIT),
    Fault("sigterm", TRAINING, "after its first epoch", TRAINING),
    Fault("server", SPLIT, "stopped before it starts", SPLIT),
]


@pytest.mark.parametrize("fault", QUICK, ids=lambda fault: fault.name)
def test_a_fault_is_borne(finished, try_quick_fault, fault):
    try_quick_fault(fault)
