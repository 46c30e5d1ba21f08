"""What each way to foretell phases is worth, what is left of them, and what breaks it."""

from cscsanet.pipeline.alignment_report import report_alignment
from cscsanet.pipeline.entry import run_stage

if __name__ == "__main__":
    run_stage(report_alignment)
