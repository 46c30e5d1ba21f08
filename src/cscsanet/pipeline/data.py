"""Scenes, split and drops for who has not run the pipeline yet: the same that its first stages make."""

import sys

from cscsanet.params import Params
from cscsanet.pipeline.channels import write_parts
from cscsanet.pipeline.scenes import write_scenes
from cscsanet.pipeline.workspace import Workspace
from cscsanet.scenes.split import write_split


def make_missing(workspace: Workspace, params: Params) -> None:
    """Make what of the data is not there, and say so on standard error; `dvc repro` finds it as its stages would have left it."""
    if not workspace.scenes.exists():
        print(f"{workspace.scenes}: not there yet, so it is made now", file=sys.stderr)
        write_scenes(workspace, params)
    if not workspace.split.exists():
        write_split(workspace.scenes, workspace.split, params.split)
    if not workspace.drops("test").exists():
        print(f"{workspace.drops('test').parent}: not there yet, so it is made now", file=sys.stderr)
        write_parts(workspace, params)
