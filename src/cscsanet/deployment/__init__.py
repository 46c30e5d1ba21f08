"""CSC-SA-Net taken apart into what each station runs: ONNX units, and a chain of stations without PyTorch."""
