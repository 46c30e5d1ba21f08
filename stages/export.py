"""The trained networks as ONNX units, compared with PyTorch and registered."""

from cscsanet.studies.deployment.export import export_units
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, export_units)
