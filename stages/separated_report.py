"""Separated designs: estimate, feedback, beams and codec, each by its own measure."""

from cscsanet.studies.baselines.report import report_separated
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, report_separated)
