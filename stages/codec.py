"""Separated designs: the source codec over white noise."""

from cscsanet.pipeline.codec import train_codec
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, train_codec)
