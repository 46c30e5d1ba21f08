"""Separated designs: the source codec again, over the real link."""

from cscsanet.pipeline.codec import train_codec_link
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, train_codec_link)
