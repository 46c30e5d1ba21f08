"""What the parameters of every pipeline have: those of the study of CSC-SA-Net, and those of a specialist."""

from collections.abc import Sequence
from itertools import count
from typing import Annotated, Literal

from pydantic import Field

from cscsanet.config.system import Section, TrackingParams
from cscsanet.config.training import RecipeParams


def seeds_of_repeats(seed: int, seeds: Sequence[int]) -> tuple[int, ...]:
    """Return the seeds of repeats. One that is the pipeline's own is replaced by the lowest that is free, from 1 on.

    So `seed` may be changed without `repeats.seeds`, and the number of trainings stays.
    """
    free = next(each for each in count(1) if each != seed and each not in seeds)
    return tuple(free if each == seed else each for each in seeds)


def seed_notes(seed: int, seeds: Sequence[int]) -> list[str]:
    """Return a note on a seed that `seeds_of_repeats` replaced, if it did."""
    chosen = ", ".join(map(str, seeds_of_repeats(seed, seeds)))
    return [f"repeats.seeds holds seed = {seed}; the further seeds are {chosen}"] if seed in seeds else []


class ComputeParams(Section):
    """The hardware of a training; its results depend on it in rounding alone.

    accelerator: auto takes a GPU where there is one. processes: on each machine, one for each GPU or part of the cores; they
    share the batches of a training (`recipe.shards`). machines: if several, torchrun or SLURM starts the processes.
    """

    accelerator: Literal["auto", "cpu", "gpu"]
    processes: Annotated[int, Field(ge=1, le=256)]
    machines: Annotated[int, Field(ge=1, le=4096)]


class RunParams(Section):
    """Parameters that a stage, its MLflow run and its trainings read, whatever they are of."""

    profile: Annotated[str, Field(min_length=1)]
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    threads: Annotated[int, Field(ge=1, le=256)]
    compute: ComputeParams
    recipe: RecipeParams
    tracking: TrackingParams
