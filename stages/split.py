"""Stage split: part the frames into training, validation and test."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.split import make_split

if __name__ == "__main__":
    run_stage(make_split)
