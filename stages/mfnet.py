"""MFNet on raw images, the segmentation reference."""

from cscsanet.pipeline.mfnet import train_mfnet
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, train_mfnet)
