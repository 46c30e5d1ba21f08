"""Every scheme at every point of the sweeps, over the test part."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.measuring import measure_all

if __name__ == "__main__":
    run_stage(measure_all)
