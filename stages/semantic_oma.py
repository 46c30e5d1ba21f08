"""Stage I for orthogonal access, from the weights of Stage I."""

from cscsanet.pipeline.stage1 import train_semantic_oma
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, train_semantic_oma)
