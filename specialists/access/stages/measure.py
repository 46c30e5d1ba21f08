"""Measure every detector and every method without learning at every point."""

from cscsanet.config.access import NAME, load_access_params
from cscsanet.specialists.access.measure import measure_detectors
from cscsanet.specialists.room import run_specialist

if __name__ == "__main__":
    run_specialist(NAME, load_access_params, __file__, measure_detectors)
