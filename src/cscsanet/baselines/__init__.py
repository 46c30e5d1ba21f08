"""The separated designs that the paper compares with, and the segmentation reference (floor 8)."""
