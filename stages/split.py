"""Stage split: part the frames into training, validation and test."""

from cscsanet.pipeline.datasets import make_split
from cscsanet.pipeline.entry import run_stage

if __name__ == "__main__":
    run_stage(make_split)
