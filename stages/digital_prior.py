"""Digital late fusion: the probabilities of the bits, for an arithmetic coder."""

from cscsanet.pipeline.digital import train_digital_prior
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, train_digital_prior)
