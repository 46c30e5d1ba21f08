"""Stage III again, for comparison: other ways to predict phases, and oscillators that drift."""

from cscsanet.studies.alignment.variants import train_alignments
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, train_alignments)
