"""Stage III: all five networks jointly."""

from cscsanet.pipeline.stage3 import (
    train_noma,
    train_noma_aligned,
    train_noma_tracked,
    train_oma,
    train_oma_aligned,
    train_oma_tracked,
)
from cscsanet.workflow.stage import run_stage

STAGES = {
    "noma": train_noma,
    "noma_aligned": train_noma_aligned,
    "oma": train_oma,
    "oma_aligned": train_oma_aligned,
    "noma_tracked": train_noma_tracked,
    "oma_tracked": train_oma_tracked,
}

if __name__ == "__main__":
    run_stage(__file__, STAGES)
