"""Render the driving sequences, or check a real dataset and bring it to size."""

from cscsanet.pipeline.data import make_scenes
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, make_scenes)
