"""The command `study`: all that params.yaml asks for beside the pipeline's trainings, in any order that works."""

from typing import TYPE_CHECKING, Annotated

import typer

from cscsanet.cli.options import (
    PARAMS,
    Address,
    ChosenEngine,
    ParamsFile,
    Workers,
    engine_choice,
    project,
)
from cscsanet.errors import CscsanetError, print_notes
from cscsanet.workflow.engines import EngineName

if TYPE_CHECKING:
    from cscsanet.config.params import Params
    from cscsanet.workflow.workspace import Workspace


def study(
    schemes: Annotated[
        list[str] | None, typer.Option("--scheme", help="Measure this scheme alone; give it again for more.")
    ] = None,
    seeds: Annotated[
        list[int] | None, typer.Option("--seed", help="This training seed alone, of repeats.seeds or seed.")
    ] = None,
    variants: Annotated[
        list[str] | None,
        typer.Option("--variant", help="This variant alone, of assumptions.variants or as-here."),
    ] = None,
    points: Annotated[
        list[str] | None,
        typer.Option(
            "--point", metavar="SNR,L,B,Q", help="Models for this point alone, of repeats.dedicated."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the tasks and how long they should take here; run none.")
    ] = False,
    stop: Annotated[
        bool,
        typer.Option(
            "--stop/--keep-going", help="After a failed task, end all, or go on with what can be done."
        ),
    ] = False,
    engine: ChosenEngine = EngineName.local,
    workers: Workers = None,
    address: Address = None,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Train and measure the grid of scheme, seed, variant and dedicated point: what is missing or outdated.

    The results are those of the stages repeats, measure and assumptions, which skip what is done. `dvc repro` makes the
    rows of them. A study that was killed goes on where it was. By default as many jobs run as `threads` says.

    Examples: `cscsanet study --dry-run`, `cscsanet study --seed 2 --scheme noma`, `cscsanet study --point -25,8,1024,4`,
    `cscsanet study --engine ray --address auto`
    """
    workspace, params = project(params_file)
    choice = engine_choice(engine, workers, address)
    slugs = [_slug(point) for point in points or ()]

    from cscsanet.studies.grid.cells import Selection, base_stages, grid, refuse_untrained, select

    cells = select(grid(workspace, params), Selection(schemes or (), seeds or (), slugs, variants or ()))
    bases = base_stages(workspace, cells)

    from rich.console import Console

    from cscsanet.cli.study_runs import plan, run

    if dry_run:
        plan(workspace, params, cells, bases, choice, Console())
        return
    refuse_untrained(workspace, bases)
    _check_ready(workspace, params, [entry.name for entry in bases.values()])
    run(workspace, params, cells, choice, Console(), keep_going=not stop)


def _slug(text: str) -> str:
    """Return the slug of a point that is written as SNR,L,B,Q."""
    from cscsanet.config.operating_point import OperatingPoint

    try:
        snr_db, *lengths = text.split(",")
        csirs_symbols, feedback_bits, data_symbols = map(int, lengths)
        return OperatingPoint(float(snr_db), csirs_symbols, feedback_bits, data_symbols).slug
    except ValueError:
        raise CscsanetError(f"--point {text}: must be SNR,L,B,Q, for example -25,8,1024,4") from None


def _check_ready(workspace: "Workspace", params: "Params", makers: list[str]) -> None:
    """Raise if data are missing or of other parameters; note which stages the results may change with.

    makers: the stages that trained what the study starts from.
    """
    from cscsanet.pipeline.made_from import check_inputs
    from cscsanet.workflow.why import would_run
    from cscsanet.workflow.workspace import SOURCE

    check_inputs(
        workspace, params, {**workspace.scene_digests(), **workspace.drop_digests("train", "val", "test")}
    )
    outdated = would_run(workspace.root, SOURCE, makers)
    if outdated:
        print_notes(
            [
                f"'dvc repro' would run {', '.join(outdated)} again, and the study starts from what they made; "
                "'cscsanet why' says why"
            ]
        )
