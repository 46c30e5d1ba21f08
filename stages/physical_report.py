"""The physical layer against its baseline and its bounds, over L, B, SNR and CSI-RS power."""

from cscsanet.studies.physical.report import report_physical
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, report_physical)
