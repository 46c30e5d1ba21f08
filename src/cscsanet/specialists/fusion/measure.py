"""The measurements: every method at every point, over the same validation and test drops.

A point is one job. Each of its measurements is kept until something that it depends on changes.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from cscsanet.config.fusion import NAME, FusionParams
from cscsanet.errors import CscsanetError
from cscsanet.specialists import measurements
from cscsanet.specialists.fusion.link.operating_point import draw_fusion
from cscsanet.specialists.fusion.link.seen import Seen
from cscsanet.specialists.fusion.methods import CLASSICAL, Method, Setting
from cscsanet.specialists.fusion.outcomes import BRANCHES, Outcome
from cscsanet.specialists.fusion.points import FusionPoint, axis, home, points, weak
from cscsanet.specialists.fusion.task import air_of, conditions_of, initial_system
from cscsanet.specialists.fusion.training import FusionStage, Model, models
from cscsanet.training.seeds import generator
from cscsanet.training.weights import load_weights
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.progress import progress_bar

DEPENDS = ("seed", "air", "evaluation.val_drops", "evaluation.test_drops")
_BATCH = 50  # drops
_PARTS = {"val": 0, "test": 1}
Part = Literal["val", "test"]


def measure_links(stage: FusionStage) -> None:
    """Measure every method at every point, and remove measurements of points and methods that are not asked for."""
    jobs = points(stage.params)
    measurements.remove_others(stage.workspace.measurements, {point.name for point in jobs})
    with progress_bar("points", len(jobs)) as advance:
        fan_out(partial(measure_point, stage), jobs, num_workers(stage.params), advance)


def measure_point(stage: FusionStage, point: FusionPoint) -> None:
    """Measure every method at one point, unless its measurement is up to date."""
    params, folder = stage.params, stage.workspace.measurements / point.name
    folder.mkdir(parents=True, exist_ok=True)
    names = set()
    (seen,) = seen_drops(params, point, "val", 1)
    # Drawn once for all methods, with the paths that their SRS show.
    drawn = cache(partial(drawn_part, params, point))
    for name, method in CLASSICAL.items():
        if not method.settings(seen):
            continue  # no report fits into the bits
        names.add(f"{name}.json")
        work = partial(classical_outcome, name, point, drawn)
        measurements.keep(stage, folder / f"{name}.json", DEPENDS, {}, work)
    for model in models(params):
        if not _worth(model, point):
            continue
        inputs = stage.workspace.weight_digests(model.weights)
        # All branches come from one pass.
        made = cache(partial(learned_outcomes, params, model, point, stage.workspace.weights(model.weights)))
        for branch in BRANCHES if model.variant is None else ("fusion",):
            file = f"{model.name}@{branch}.json"
            names.add(file)
            measurements.keep(stage, folder / file, DEPENDS, inputs, partial(_one, made, branch))
    measurements.remove_others(folder, names)


def classical_outcome(name: str, point: FusionPoint, drawn: Callable[[Part], Sequence[Seen]]) -> Outcome:
    """Measure a method without learning at a point, with what is best on the validation drops.

    drawn: the drops of a part.
    """
    method, val = CLASSICAL[name], drawn("val")
    settings = method.settings(val[0])
    if not settings:
        raise CscsanetError(f"{name}: no report fits into {point.feedback_bits} bits; give it more")
    best = settings[0]
    if len(settings) > 1:
        means = [torch.cat(_efficiencies(method, setting, val)).mean() for setting in settings]
        best = settings[max(range(len(means)), key=means.__getitem__)]
    return _outcome(_efficiencies(method, best, drawn("test")), point, str(best))


def drawn_part(params: FusionParams, point: FusionPoint, part: Part) -> list[Seen]:
    """Return all drops of a part of a point, in batches."""
    counts = {"val": params.evaluation.val_drops, "test": params.evaluation.test_drops}
    return list(seen_drops(params, point, part, counts[part]))


def _efficiencies(method: Method, setting: Setting, drops: Sequence[Seen]) -> list[Tensor]:
    return [seen.spectral_efficiency(method.precoders(seen, *setting)) for seen in drops]


def learned_outcomes(
    params: FusionParams, model: Model, point: FusionPoint, weights: Path
) -> dict[str, Outcome]:
    """Measure the branches of a trained link at a point. weights: its file."""
    system = initial_system(model.params, model.seed)
    load_weights(system, weights, model.params)
    system.eval()
    values: dict[str, list[Tensor]] = {branch: [] for branch in BRANCHES}
    with torch.no_grad():
        for seen in seen_drops(params, point, "test", params.evaluation.test_drops):
            made = system(seen.air, seen.drops, seen.conditions, seen.ports, seen.bits)
            for branch, place in BRANCHES.items():
                values[branch].append(seen.spectral_efficiency(made[place]))
    return {branch: _outcome(each, point, "") for branch, each in values.items()}


def _one(made: Callable[[], dict[str, Outcome]], branch: str) -> Outcome:
    return made()[branch]


def seen_drops(params: FusionParams, point: FusionPoint, part: Part, count: int) -> Iterator[Seen]:
    """Yield the first drops of a part of a point in batches. The same draws come for every method."""
    air = air_of(params.air, point.users)
    for batch, first in enumerate(range(0, count, _BATCH)):
        drawn = generator(params.seed, "evaluate", _PARTS[part], batch)
        size = min(_BATCH, count - first)
        conditions = conditions_of(point.link(), _BATCH)
        drops = draw_fusion(air.sector, air.comb, params.air.ports, conditions, drawn)
        yield Seen(air, drops.first(size), conditions.first(size), point.ports, point.feedback_bits)


def _outcome(values: Sequence[Tensor], point: FusionPoint, setting: str) -> Outcome:
    """Return an outcome of the spectral efficiencies of batches of drops."""
    every = torch.cat(list(values))
    if not bool(every.isfinite().all()):
        raise CscsanetError(
            f"{point.name}: a spectral efficiency is not finite; find the cause in the method that ran last"
        )
    return Outcome([round(value, 6) for value in every.double().tolist()], setting)


def _worth(model: Model, point: FusionPoint) -> bool:
    """Whether a link is measured at a point: variants over the SNR of SRS, and over bits with weak ones."""
    if model.variant is None:
        return True
    params = model.params
    shown = [*axis(params, "srs_snr_db"), *axis(params, "feedback_bits", weak(params)), home(params)]
    return point in shown


def read_outcome(path: Path) -> Outcome | None:
    """Return a measurement, or None if there is none.

    Raises:
        CscsanetError: it is damaged.
    """
    content = measurements.read(path, NAME)
    if content is None:
        return None
    try:
        return Outcome(**content).check()
    except (ValueError, TypeError):
        raise measurements.damaged(path, NAME) from None
