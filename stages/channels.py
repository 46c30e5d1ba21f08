"""Stage channels: draw the channel drops."""

from cscsanet.pipeline.channels import make_channels
from cscsanet.pipeline.entry import run_stage

if __name__ == "__main__":
    run_stage(make_channels)
