"""What the parameters of every pipeline have: those of the study of CSC-SA-Net, and those of a specialist."""

from typing import Annotated

from pydantic import Field

from cscsanet.config.system import Section, TrackingParams
from cscsanet.config.training import RecipeParams


class RunParams(Section):
    """Parameters that a stage, its MLflow run and its trainings read, whatever they are of."""

    profile: Annotated[str, Field(min_length=1)]
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    threads: Annotated[int, Field(ge=1, le=256)]
    recipe: RecipeParams
    tracking: TrackingParams
