"""The Python interface: trained links by name, channel drops, scenes and specialists.

Its names are those of `cscsanet.__all__`; the modules are private. Building blocks of the physical layer are in `cscsanet.phy`.
"""
