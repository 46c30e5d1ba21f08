"""Train the detectors: ours with several seeds, the paper's, and variants of ours."""

from cscsanet.config.access import NAME, load_access_params
from cscsanet.specialists.access.training import train_detectors
from cscsanet.specialists.room import run_specialist

if __name__ == "__main__":
    run_specialist(NAME, load_access_params, __file__, train_detectors)
