"""Stage III, orthogonal: train all five networks jointly."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.oma import train_oma

if __name__ == "__main__":
    run_stage(train_oma)
