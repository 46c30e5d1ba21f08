"""Measure feedback without SRS at a published point."""

from cscsanet.config.fusion import NAME, load_fusion_params
from cscsanet.specialists.fusion.anchor.study import measure_anchor
from cscsanet.specialists.room import run_specialist

if __name__ == "__main__":
    run_specialist(NAME, load_fusion_params, __file__, measure_anchor)
