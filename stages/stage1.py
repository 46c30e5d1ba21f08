"""Stage I: the semantic layer over an error-free link."""

from cscsanet.pipeline.stage1 import train_semantic
from cscsanet.workflow.stage import run_stage

STAGES = {"semantic": train_semantic}

if __name__ == "__main__":
    run_stage(__file__, STAGES)
