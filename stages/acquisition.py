"""Separated designs: a Transformer from the received CSI-RS to the channel."""

from cscsanet.pipeline.csi import train_acquisition
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, train_acquisition)
