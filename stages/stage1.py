"""Stage I: the semantic layer over an error-free link."""

from cscsanet.pipeline.stage1 import train_semantic, train_semantic_oma
from cscsanet.workflow.stage import run_stage

STAGES = {"semantic": train_semantic, "semantic_oma": train_semantic_oma}

if __name__ == "__main__":
    run_stage(__file__, STAGES)
