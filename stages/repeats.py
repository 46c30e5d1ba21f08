"""Last stages of training again, under further seeds and for single points."""

from cscsanet.pipeline.repeats import train_repeats
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, train_repeats)
