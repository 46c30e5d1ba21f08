"""Separated designs: train the CSI acquisition."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.separated_csi import train_acquisition

if __name__ == "__main__":
    run_stage(train_acquisition)
