"""The separated designs that the paper compares with: CSI acquisition, precoding, DMRS, detection, decoding (floor 8)."""
