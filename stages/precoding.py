"""Separated designs: beams by Transformers, for the spectral efficiency after detection."""

from cscsanet.pipeline.csi import train_precoding
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, train_precoding)
