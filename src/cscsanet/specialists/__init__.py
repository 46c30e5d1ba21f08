"""Specialist models for single tasks of the physical layer, each with a pipeline of its own in specialists/."""
