"""Describe the training pictures by a statistic that tells how far another picture lies from them."""

from cscsanet.pipeline.pictures import describe_pictures
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, describe_pictures)
