"""MLflow: one run for each executed stage, under one parent for each configuration of the pipeline.

    experiment
      small-3f2a1c            the pipeline with one configuration; its params are the whole params.yaml
        scenes                a stage that was executed: its sections' params, digests, git commit
        joint-noma            ... with a curve over the epochs
        joint-noma            ... executed once more

MLflow itself is imported only inside functions: that takes seconds, and most commands never track.
"""

from cscsanet.tracking.stage_run import StageRun
from cscsanet.tracking.tracker import Tracker, open_tracking
from cscsanet.tracking.ui import serve_ui

__all__ = ["StageRun", "Tracker", "open_tracking", "serve_ui"]
