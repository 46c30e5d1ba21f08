"""Last stages of training again: under further seeds, and for single points."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.repeats import train_repeats

if __name__ == "__main__":
    run_stage(train_repeats)
