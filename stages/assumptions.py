"""Models and measurements under each variant of what the paper leaves open."""

from cscsanet.studies.assumptions.measure import measure_variants
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, measure_variants)
