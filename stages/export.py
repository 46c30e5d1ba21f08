"""Stage export: the trained networks as ONNX units, held against PyTorch."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.export import export_units

if __name__ == "__main__":
    run_stage(export_units)
