"""CSC-SA-Net: learned massive-MIMO semantic communication, rebuilt end to end (arXiv 2509.19312)."""

__version__ = "0.1.0"
