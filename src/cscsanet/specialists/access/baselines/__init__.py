"""Detectors without learning. Each returns a score of every device (batch, K), larger for devices that are rather active."""
