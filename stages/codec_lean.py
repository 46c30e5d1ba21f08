"""Separated design with few DMRS: the source codec over its real link."""

from cscsanet.pipeline.codec import train_codec_lean
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, train_codec_lean)
