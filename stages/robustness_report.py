"""The links under latency, impairments and other channels, at equal elements and energy."""

from cscsanet.studies.robustness.report import report_robustness
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, report_robustness)
