"""The CSI unit of a UE as one compiled kernel in C: path search and networks, for one core."""
