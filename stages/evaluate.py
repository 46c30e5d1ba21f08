"""Rows and figures of what was measured."""

from cscsanet.studies.sweeps.report import evaluate
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, evaluate)
