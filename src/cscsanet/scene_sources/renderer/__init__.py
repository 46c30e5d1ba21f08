"""A procedural renderer of RGB-thermal driving sequences in MFNet's layout.

    climate ─┐
    street ──┴─► props ──► mesh: arrays ──► rasteriser: polygon ids ┐
                                                            light ──┴─► shading ──► sensor ──► frame

Props are made by ground, buildings, surroundings, vehicles, people, furniture and decoys.

As in recorded data, no single modality shows every class. Paint and plastic (cones, curves) are as
warm as the road, so only RGB shows them. People and driven cars are warm: by night, in the glare of
a low sun or in deep shade the thermal picture shows them best. Steel rails reflect the cold sky and
look cool. Decoys look like a class in one modality only: posters and mannequins in RGB; heated
cabinets, vents and manholes in the thermal picture.
"""
