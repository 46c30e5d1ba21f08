"""Split the frames into training, validation and test."""

from cscsanet.pipeline.data import make_split
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, make_split)
