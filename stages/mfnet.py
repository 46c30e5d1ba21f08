"""The segmentation reference: train MFNet on raw images."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.mfnet import train_mfnet

if __name__ == "__main__":
    run_stage(train_mfnet)
