"""Every scheme at every point of the sweeps, over the test part."""

from cscsanet.studies.sweeps.measure import measure_all
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, measure_all)
