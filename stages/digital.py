"""Digital late fusion: the source codec of bits."""

from cscsanet.pipeline.digital import train_digital
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, train_digital)
