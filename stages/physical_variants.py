"""Stage II again, for comparison: the paper's front end, and models dedicated to single points."""

from cscsanet.studies.physical.variants import train_variants
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, train_variants)
