"""Stage complexity: operations, parameters and memory of every scheme."""

from cscsanet.pipeline.complexity import report_complexity
from cscsanet.pipeline.entry import run_stage

if __name__ == "__main__":
    run_stage(report_complexity)
