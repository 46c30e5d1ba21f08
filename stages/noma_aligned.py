"""Stage III with streams that arrive in phase."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.noma import train_noma_aligned

if __name__ == "__main__":
    run_stage(train_noma_aligned)
