"""Stage II again for comparison: the paper's front, and models dedicated to single points."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.physical_variants import train_variants

if __name__ == "__main__":
    run_stage(train_variants)
