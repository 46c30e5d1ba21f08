"""A procedural renderer of RGB-thermal driving sequences in MFNet's layout.

    climate ─┐
    layout ──┴─► props ──► mesh: a scene as arrays ──► rasteriser: a polygon per pixel ──► shading ──► sensor ──► frame
    (ground, buildings, surroundings, vehicles, people, furniture, decoys)      light ──┘

What makes it hard is what makes the real task hard: neither camera sees everything. Paint and plastic (cones, curves) are
as warm as the road, so only RGB shows them; people and driven cars are warm, so by night, in a low sun's glare or in
deep shade the thermal camera shows them best; steel rails mirror the cold sky. And each camera is deceived by things that
the other one sees through: posters and mannequins in RGB; heated cabinets, vents and manholes in the thermal picture.
"""
