"""Stage II: CSI-RS, feedback and beams for spectral efficiency."""

from cscsanet.pipeline.stage2 import train_physical
from cscsanet.workflow.stage import run_stage

STAGES = {"physical": train_physical}

if __name__ == "__main__":
    run_stage(__file__, STAGES)
