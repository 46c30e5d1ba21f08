"""Operations, parameters and memory of every scheme, at these sizes and at the paper's."""

from cscsanet.studies.complexity.report import report_complexity
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, report_complexity)
