"""The separated designs, and the segmentation reference that they are held against (floor 8)."""
