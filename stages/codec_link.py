"""Separated designs: train the source codec over the real link."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.separated_codec import train_codec_link

if __name__ == "__main__":
    run_stage(train_codec_link)
