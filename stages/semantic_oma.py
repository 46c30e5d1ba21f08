"""Stage I, orthogonal: train its semantic layer over an error-free link."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.semantic import train_semantic_oma

if __name__ == "__main__":
    run_stage(train_semantic_oma)
