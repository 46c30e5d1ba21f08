"""Write the rows, the ledger and the figures of fusion precoding."""

from cscsanet.config.fusion import NAME, load_fusion_params
from cscsanet.specialists.fusion.report import report_links
from cscsanet.specialists.room import run_specialist

if __name__ == "__main__":
    run_specialist(NAME, load_fusion_params, __file__, report_links)
