"""Commands of fusion precoding: the spectral efficiency of a method on one link."""

import json
from pathlib import Path
from typing import Annotated

import typer

FUSION_PARAMS = Path("specialists") / "fusion" / "params.yaml"
_LINK = "  [default: of the link in params.yaml]"


def precode(
    bits: Annotated[int | None, typer.Option(min=0, help="B, bits of feedback of a user." + _LINK)] = None,
    ports: Annotated[int | None, typer.Option(min=1, help="P, CSI-RS ports of a user." + _LINK)] = None,
    srs_snr_db: Annotated[
        float | None, typer.Option(help="SNR of the SRS at an antenna and subcarrier [dB]." + _LINK)
    ] = None,
    dl_snr_db: Annotated[float | None, typer.Option(help="SNR of the downlink [dB]." + _LINK)] = None,
    age_ms: Annotated[
        float | None, typer.Option(min=0, help="Age of the SRS when data are sent [ms]." + _LINK)
    ] = None,
    speed_kmh: Annotated[float | None, typer.Option(min=0, help="Speed of the users [km/h]." + _LINK)] = None,
    rho: Annotated[
        float | None, typer.Option(help="Correlation of both links' gains: 1: TDD, 0: FDD." + _LINK)
    ] = None,
    users: Annotated[int | None, typer.Option(min=1, help="K." + _LINK)] = None,
    method: Annotated[
        str,
        typer.Option(
            help="fusion, srs-only, feedback-only, a training of params.yaml, or a method without learning: "
            "classical-fusion, etype2, ..."
        ),
    ] = "fusion",
    drops: Annotated[
        int, typer.Option(min=1, help="Test drops; half as many choose what a method can choose.")
    ] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    params_file: Annotated[
        Path, typer.Option("--params", help="The parameters, in specialists/fusion/ of a project.")
    ] = FUSION_PARAMS,
) -> None:
    """Precode test drops of a link from SRS and feedback, and print the sum spectral efficiency.

    Example: `cscsanet fusion precode --bits 16 --srs-snr-db -10 --method classical-fusion`
    """
    from cscsanet.config.fusion import NAME, load_fusion_params
    from cscsanet.config.params import shipped_specialist_profile

    absent = params_file == FUSION_PARAMS and not params_file.exists()
    params = load_fusion_params(shipped_specialist_profile(NAME) if absent else params_file)
    given = {
        "feedback_bits": bits,
        "ports": ports,
        "srs_snr_db": srs_snr_db,
        "dl_snr_db": dl_snr_db,
        "age_ms": age_ms,
        "speed_kmh": speed_kmh,
        "rho": rho,
        "users": users,
    }

    from cscsanet.specialists.fusion.precode import precoded_row
    from cscsanet.specialists.room import SpecialistWorkspace
    from cscsanet.workflow.machine import limit_threads

    limit_threads(params.threads)
    workspace = SpecialistWorkspace(params_file.resolve().parents[2], NAME)
    link = {key: value for key, value in given.items() if value is not None}
    row = precoded_row(workspace, params, method, link, drops)
    if as_json:
        typer.echo(json.dumps(row, indent=2))
        return
    for key, value in row.items():
        typer.echo(f"{key:16} {value}")


def ship_fusion(root: Path) -> str:
    """Copy our link into the package, and return a message for the user.

    Raises:
        CscsanetError: it is not trained.
    """
    from cscsanet.config.fusion import NAME, OURS, load_fusion_params
    from cscsanet.specialists.room import SpecialistWorkspace
    from cscsanet.specialists.shipping import ship_specialist

    workspace = SpecialistWorkspace(root, NAME)
    return ship_specialist(workspace, load_fusion_params(workspace.params_file), [f"{NAME}/{OURS}"])
