"""Stage III again for comparison: other ways to foretell phases, and oscillators that slip."""

from cscsanet.pipeline.alignment_variants import train_alignments
from cscsanet.pipeline.entry import run_stage

if __name__ == "__main__":
    run_stage(train_alignments)
