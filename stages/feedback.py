"""Separated designs: the channel to B bits and back, by two Transformers."""

from cscsanet.pipeline.csi import train_feedback
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, train_feedback)
