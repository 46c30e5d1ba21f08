"""Every fault of the plan, one after the other: `make soak`."""

import pytest
from faults.plan import faults
from fixtures.project import ROOT

pytestmark = [pytest.mark.soak, pytest.mark.pipeline, pytest.mark.timeout(3000)]


@pytest.mark.parametrize("fault", faults(ROOT), ids=lambda fault: fault.name)
def test_a_fault_is_borne(finished, try_fault, fault):
    try_fault(fault)
