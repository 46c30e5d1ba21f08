"""Stage scenes: render the driving sequences, or check a real dataset."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.scenes import make_scenes

if __name__ == "__main__":
    run_stage(make_scenes)
