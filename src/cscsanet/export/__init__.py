"""The export of trained networks as ONNX units: one for each network that a station runs."""
