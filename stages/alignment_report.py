"""Phase alignment against its bounds, over SNR, Q, CSI-RS power, speed and oscillators."""

from cscsanet.studies.alignment.report import report_alignment
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, report_alignment)
