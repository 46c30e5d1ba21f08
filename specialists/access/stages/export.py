"""Write our detector as an ONNX graph, and compare it with PyTorch."""

from cscsanet.config.access import NAME, load_access_params
from cscsanet.specialists.access.export import export_stage
from cscsanet.specialists.room import run_specialist

if __name__ == "__main__":
    run_specialist(NAME, load_access_params, __file__, export_stage)
