"""Stage III, orthogonal, with streams that arrive in phase."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.oma import train_oma_aligned

if __name__ == "__main__":
    run_stage(train_oma_aligned)
