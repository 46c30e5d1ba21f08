"""MLflow: one run for each executed stage, under one parent for each configuration of the pipeline.

    experiment
      small-3f2a1c    the pipeline with one configuration; its params are the whole params.yaml
        scenes        an executed stage: params of its sections, digests, git commit
        noma          ... with curves over the epochs
        noma          ... executed again

MLflow is imported only inside functions: the import takes seconds, and most commands do not track.
"""

from cscsanet.tracking.stage_run import StageRun
from cscsanet.tracking.tracker import Tracker, open_tracking
from cscsanet.tracking.ui import serve_ui

__all__ = ["StageRun", "Tracker", "open_tracking", "serve_ui"]
