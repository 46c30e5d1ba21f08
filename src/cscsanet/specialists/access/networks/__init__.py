"""Detectors that are trained."""
