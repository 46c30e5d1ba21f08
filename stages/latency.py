"""Stage latency: how long the units take, and what they are worth in int8."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.latency import report_latency

if __name__ == "__main__":
    run_stage(report_latency)
