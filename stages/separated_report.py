"""Separated designs: the report on their parts."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.separated_report import report_separated

if __name__ == "__main__":
    run_stage(report_separated)
