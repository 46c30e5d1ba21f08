"""The fusion precoder in real numbers: what a graph for ONNX can hold."""
