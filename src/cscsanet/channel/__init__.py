"""The air: drops of path parameters, and what channel, beams and noise make of a transmission (floor 1)."""
