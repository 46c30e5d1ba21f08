"""Digital late fusion: the source codec of bits, and the probabilities of the bits."""

from cscsanet.pipeline.digital import train_digital, train_digital_prior
from cscsanet.workflow.stage import run_stage

STAGES = {"digital": train_digital, "digital_prior": train_digital_prior}

if __name__ == "__main__":
    run_stage(__file__, STAGES)
