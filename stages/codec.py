"""Separated designs: train the source codec over white noise."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.separated_codec import train_codec

if __name__ == "__main__":
    run_stage(train_codec)
