"""All results as one page, with the claims, the figures and every row."""

from cscsanet.pipeline.report import write_report
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, write_report)
