"""Measure every link and every method without learning at every point."""

from cscsanet.config.fusion import NAME, load_fusion_params
from cscsanet.specialists.fusion.measure import measure_links
from cscsanet.specialists.room import run_specialist

if __name__ == "__main__":
    run_specialist(NAME, load_fusion_params, __file__, measure_links)
