"""The command `cscsanet repro`: the pipeline, with the time left, and a profile in a folder of its own."""

from pathlib import Path
from typing import Annotated

import typer


def repro(
    targets: Annotated[
        list[str] | None, typer.Argument(help="Stages, as noma or stage3@noma.  [default: all]")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="Run this profile in runs/PROFILE, a project of its own, unless params.yaml is that profile."
        ),
    ] = None,
    specialist: Annotated[
        str | None, typer.Option(help="A specialist model, as access, in place of the study of CSC-SA-Net.")
    ] = None,
) -> None:
    """Run what is out of date of the pipeline, as `dvc repro`, with the number of the stage and the time left.

    Example: `cscsanet repro --profile smoke`
    """
    from cscsanet.workflow.repro.dvc_run import repro as run
    from cscsanet.workflow.repro.plan import plan
    from cscsanet.workflow.repro.run_folder import prepare

    current = Path.cwd()
    root = prepare(current, profile, specialist) if profile else current
    if root != current:
        typer.echo(
            f"profile {profile} runs in {_relative(root)}; the reports and models of this folder stay as they are"
        )
    addresses, reporter = plan(root, targets or [], specialist, lambda line: typer.echo(line))
    code = run(root, addresses, reporter)
    if code == 0 and root != current:
        file = _relative(root / "reports" / "index.html")
        typer.echo(
            f"results: {file}; commands use its models with --params {_relative(root / 'params.yaml')}"
        )
    raise typer.Exit(code)


def _relative(path: Path) -> str:
    current = Path.cwd()
    return str(path.relative_to(current)) if path.is_relative_to(current) else str(path)
