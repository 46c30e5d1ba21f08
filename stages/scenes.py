"""Stage scenes: render the driving sequences, or check a real dataset."""

from cscsanet.pipeline.datasets import make_scenes
from cscsanet.pipeline.entry import run_stage

if __name__ == "__main__":
    run_stage(make_scenes)
