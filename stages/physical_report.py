"""The physical layer against its baseline and its bounds, over L, B, SNR and CSI-RS power."""

from cscsanet.pipeline.entry import run_stage
from cscsanet.pipeline.physical_report import report_physical

if __name__ == "__main__":
    run_stage(report_physical)
