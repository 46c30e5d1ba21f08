"""Stage I: train the semantic layer over an error-free link."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.semantic import train_semantic

if __name__ == "__main__":
    run_stage(train_semantic)
