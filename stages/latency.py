"""Latency of the units in ONNX Runtime and in PyTorch, and the gain and loss of int8."""

from cscsanet.studies.deployment.latency import report_latency
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, report_latency)
