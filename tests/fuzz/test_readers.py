"""A few inputs for every reader of files; `benchmarks/fuzz.py` runs many of the same."""

import pytest
from fixtures.fuzz.outcomes import watching
from fixtures.fuzz.runs import MODULES, readers, run

INPUTS = 60  # of a reader of average share
# The import of MLflow alone takes longer than the rest; tests/unit/tracking has damaged databases.
QUICK = [module for module in MODULES if module != "databases"]


@pytest.mark.parametrize("module", QUICK)
def test_inputs_are_read_right_or_refused_in_one_line(module):
    with watching() as (folder, watch):
        for reader in readers([module]):
            inputs = max(4, int(INPUTS * min(1.0, reader.share / 4)))
            counts = run(reader, inputs, 1, folder, watch)
            assert counts.total() > 0
