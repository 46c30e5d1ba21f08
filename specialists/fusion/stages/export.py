"""Write our link as ONNX graphs, and compare them with PyTorch."""

from cscsanet.config.fusion import NAME, load_fusion_params
from cscsanet.specialists.fusion.export import export_stage
from cscsanet.specialists.room import run_specialist

if __name__ == "__main__":
    run_specialist(NAME, load_fusion_params, __file__, export_stage)
