"""Commands around the pipeline: its parameters, weights from elsewhere, channels, scenes, and the MLflow UI."""

from pathlib import Path
from typing import Annotated

import typer

from cscsanet.cli.options import PARAMS, ParamsFile, project
from cscsanet.errors import CscsanetError

IMPORTED = Path("models/imported/mfnet.safetensors")


def profile(
    name: Annotated[str, typer.Argument(help="smoke (minutes), small (a laptop), or paper (one GPU).")],
    out: Annotated[Path, typer.Option(help="Where to write it.")] = PARAMS,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that has changes of your own.")
    ] = False,
) -> None:
    """Write a profile's params.yaml; a file that you changed is not replaced without --force."""
    from cscsanet.files import write_by_rename
    from cscsanet.params import PROFILES, profile_text

    text = profile_text(name)
    if out.is_file() and not force and out.read_text(encoding="utf-8") not in map(profile_text, PROFILES):
        raise CscsanetError(f"{out}: has changes of your own; keep a copy of it, or replace it with --force")
    write_by_rename(out, lambda partial: partial.write_text(text, encoding="utf-8"))
    typer.echo(f"{out}: profile {name}; 'dvc repro' runs it")


def import_mfnet(
    file: Annotated[
        Path, typer.Argument(help="A checkpoint (.pth) in the key layout of MFNet's PyTorch code.")
    ],
    out: Annotated[
        Path, typer.Option(help="Where to write it; scheme mfnet-imported reads the default.")
    ] = IMPORTED,
) -> None:
    """Bring MFNet's published weights into the project; the file is read without running any code in it.

    Example: `cscsanet import-mfnet final.pth`, then `cscsanet evaluate --scheme mfnet-imported`
    """
    from cscsanet.files import file_digest
    from cscsanet.separated.mfnet_weights import import_published

    link = import_published(file, out)
    count = sum(parameter.numel() for parameter in link.parameters())
    use = "" if out == IMPORTED else f"as {IMPORTED} it is "
    typer.echo(
        f"{out}: MFNet, {count} parameters, {file_digest(out)[:12]}; {use}measured by "
        f"'cscsanet evaluate --scheme mfnet-imported'"
    )


def ship(params_file: ParamsFile = PARAMS) -> None:
    """Put this project's trained models into the package, in half precision: what commands use where nothing is trained yet."""
    from cscsanet.pipeline.shipping import ship as put

    for line in put(*project(params_file)):
        typer.echo(line)


def ui(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 5000,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Open the MLflow UI on the project's runs; stop it with Ctrl-C."""
    from cscsanet.tracking import serve_ui

    raise typer.Exit(serve_ui(params_file.resolve().parent, host, port))


def channel_draw(
    count: Annotated[int, typer.Option(min=1, help="N, drops.")],
    seed: Annotated[
        int, typer.Option(min=0, help="Equal seeds give equal drops; a longer set begins with a shorter.")
    ],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    workers: Annotated[int, typer.Option(min=1, help="Threads; the content does not depend on it.")] = 1,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Draw drops: gain_re, gain_im, aod, aoa, delay, doppler as .npy of shape (N, K, L_p), and manifest.json."""
    from cscsanet.channel.dataset import write_drops
    from cscsanet.params import load_params

    write_drops(out, count, seed, load_params(params_file).channel, workers=workers)
    typer.echo(f"{out}: {count} drops, seed {seed}")


def channel_response(
    folder: Annotated[Path, typer.Argument(help="A folder of drops, as written by 'channel draw'.")],
    symbols: Annotated[str, typer.Option(help="OFDM symbols A:B, from A up to but without B.")],
    out: Annotated[Path, typer.Option(help="The .npy file to write.")],
) -> None:
    """Write the channel matrices H, complex64 of shape (N, K, B-A, N_c, N_r, N_t), eq. (6).

    Example: `cscsanet channel response drops --symbols 0:9 --out H.npy`
    """
    from cscsanet.channel.dataset import export_response, open_drops
    from cscsanet.pipeline.progress import progress_bar

    first, _, end = symbols.partition(":")
    if not (first.isdecimal() and end.isdecimal() and int(first) < int(end)):
        raise CscsanetError(f"--symbols {symbols}: must be A:B with 0 <= A < B, for example 0:9")
    with progress_bar("materialising", len(open_drops(folder))) as advance:
        export_response(folder, range(int(first), int(end)), out, progress=advance)
    typer.echo(f"{out}: written")


def scenes_preview(
    out: Annotated[Path, typer.Option(help="The contact sheet to write (PNG).")] = Path("scenes.png"),
    frames: Annotated[
        int, typer.Option(min=1, max=200, help="How many frames, spread over the dataset.")
    ] = 12,
    columns: Annotated[int, typer.Option(min=1, max=12, help="Frames side by side.")] = 2,
    folder: Annotated[
        Path | None, typer.Option(help="A dataset in MFNet's layout; the project's own scenes if not given.")
    ] = None,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Write a contact sheet: RGB, thermal and label (MFNet's palette) of frames by day and by night."""
    from cscsanet.pipeline.preview import preview_scenes
    from cscsanet.pipeline.workspace import Workspace

    scenes = folder or Workspace(params_file.resolve().parent).scenes
    typer.echo(preview_scenes(scenes, out, frames, columns))
