"""Separated designs: train the CSI feedback."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.separated_csi import train_feedback

if __name__ == "__main__":
    run_stage(train_feedback)
