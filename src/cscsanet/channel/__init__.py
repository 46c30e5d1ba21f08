"""The channel: drops of path parameters, response, noise, transmission, spectral efficiency.

Examples in the docstrings use `params`, the section `channel` of the smoke profile (64 x 8
antennas, 2 UEs, 2 chains, 16 subcarriers, 2 paths), `generator`, a torch.Generator, and `paths`,
three drops drawn with both.
"""
