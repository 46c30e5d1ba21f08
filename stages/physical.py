"""Stage II: train the physical layer for spectral efficiency."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.physical import train_physical

if __name__ == "__main__":
    run_stage(train_physical)
