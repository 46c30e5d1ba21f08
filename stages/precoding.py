"""Separated designs: train the learned precoding."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.separated_csi import train_precoding

if __name__ == "__main__":
    run_stage(train_precoding)
