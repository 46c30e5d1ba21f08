"""Stage III: train all five networks jointly."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.noma import train_noma

if __name__ == "__main__":
    run_stage(train_noma)
