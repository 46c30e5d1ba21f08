"""Write the rows, the ledger and the figures of activity detection."""

from cscsanet.config.access import NAME, load_access_params
from cscsanet.specialists.access.report import report_detectors
from cscsanet.specialists.room import run_specialist

if __name__ == "__main__":
    run_specialist(NAME, load_access_params, __file__, report_detectors)
