"""Digital late fusion: its bits and its mIoU over the SNR, with random codes, a real code and at capacity."""

from cscsanet.studies.digital.report import report_digital
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, report_digital)
