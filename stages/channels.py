"""Draw the channel drops of each part."""

from cscsanet.pipeline.data import make_channels
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, make_channels)
