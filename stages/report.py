"""Stage report: all results as one page."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.report import write_report

if __name__ == "__main__":
    run_stage(write_report)
