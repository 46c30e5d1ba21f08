"""Commands of activity detection: how often a detector errs in a cell."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cscsanet.errors import CscsanetError

ACCESS_PARAMS = Path("specialists") / "access" / "params.yaml"
_CELL = "  [default: of the cell in params.yaml]"


def detect(
    preamble: Annotated[int | None, typer.Option(min=1, help="L, symbols of the preamble." + _CELL)] = None,
    snr_db: Annotated[
        float | None,
        typer.Option(help="Of a device of mean power, at one antenna and symbol [dB]." + _CELL),
    ] = None,
    activity: Annotated[
        float | None, typer.Option(help="Probability of a device to be active." + _CELL)
    ] = None,
    devices: Annotated[int | None, typer.Option(min=1, help="K, devices in the cell." + _CELL)] = None,
    antennas: Annotated[int | None, typer.Option(min=1, help="M, antennas of the BS." + _CELL)] = None,
    spread_deg: Annotated[
        str | None,
        typer.Option(
            help="Angular spread of a device's paths [deg], or 'none' for independent antennas." + _CELL
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="ours, a training of params.yaml, or a method without learning: omp, covariance-ml, ..."
        ),
    ] = "ours",
    drops: Annotated[int, typer.Option(min=1, help="Test drops; half as many choose the threshold.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    params_file: Annotated[
        Path, typer.Option("--params", help="The parameters, in specialists/access/ of a project.")
    ] = ACCESS_PARAMS,
) -> None:
    """Detect which devices are active in test drops of a cell, and count the errors.

    Example: `cscsanet access detect --preamble 12 --snr-db 10`
    """
    from cscsanet.config.access import NAME, load_access_params
    from cscsanet.config.params import shipped_specialist_profile

    absent = params_file == ACCESS_PARAMS and not params_file.exists()
    params = load_access_params(shipped_specialist_profile(NAME) if absent else params_file)
    root = params_file.resolve().parents[2]
    changed = {
        "preamble_length": preamble,
        "snr_db": snr_db,
        "activity": activity,
        "devices": devices,
        "antennas": antennas,
        **({} if spread_deg is None else {"spread_deg": _spread(spread_deg)}),
    }
    cell = {
        key: value
        for key, value in changed.items()
        if value is not None or (key == "spread_deg" and spread_deg)
    }

    from cscsanet.specialists.access.detect import detected_row
    from cscsanet.specialists.room import SpecialistWorkspace
    from cscsanet.workflow.machine import limit_threads

    limit_threads(params.threads)
    row = detected_row(SpecialistWorkspace(root, NAME), params, method, cell, drops)
    if as_json:
        typer.echo(json.dumps(row, indent=2))
        return
    for key, value in row.items():
        typer.echo(f"{key:16} {'independent' if key == 'spread_deg' and value is None else value}")


def ship_access(root: Path) -> str:
    """Copy our detector into the package, and return a message for the user.

    Raises:
        CscsanetError: it is not trained.
    """
    from cscsanet.config.access import NAME, OURS, load_access_params
    from cscsanet.specialists.room import SpecialistWorkspace
    from cscsanet.specialists.shipping import ship_specialist

    workspace = SpecialistWorkspace(root, NAME)
    return ship_specialist(workspace, load_access_params(workspace.params_file), [f"{NAME}/{OURS}"])


def _spread(text: str) -> float | None:
    if text == "none":
        return None
    try:
        return float(text)
    except ValueError:
        raise CscsanetError(f"--spread-deg {text}: must be a number of degrees, or none") from None
