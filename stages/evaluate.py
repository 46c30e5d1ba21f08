"""Stage evaluate: rows, figures and bounds on the test part."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.evaluation import evaluate

if __name__ == "__main__":
    run_stage(evaluate)
