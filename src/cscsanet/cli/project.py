"""Commands around the pipeline: parameters, weights, channels, scenes, the MLflow UI, and why stages run."""

from pathlib import Path
from typing import Annotated

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
from cscsanet.errors import CscsanetError
from cscsanet.files import size_text
from cscsanet.workflow.engines import EngineName

IMPORTED = Path("models/imported/mfnet.safetensors")


def profile(
    name: Annotated[str, typer.Argument(help="smoke (minutes), small (a laptop) or paper (one GPU).")],
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write.  [default: params.yaml, in specialists/ for a specialist]"),
    ] = None,
    specialist: Annotated[
        str | None, typer.Option(help="A specialist model, as access, in place of the study of CSC-SA-Net.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file even if you changed it.")] = False,
) -> None:
    """Write the params.yaml of a profile. A file that you changed is only replaced with --force."""
    from cscsanet.config.params import profile_names, profile_text
    from cscsanet.files import write_by_rename

    text = profile_text(name, specialist)
    folder = Path("specialists", specialist) if specialist else Path()
    file = out or folder / PARAMS
    known = [profile_text(each, specialist) for each in profile_names(specialist)]
    if file.is_file() and not force and file.read_text(encoding="utf-8") not in known:
        raise CscsanetError(f"{file}: you changed this file; keep a copy of it, or replace it with --force")
    write_by_rename(file, lambda partial: partial.write_text(text, encoding="utf-8"))
    runs = f"make specialist NAME={specialist}" if specialist else "dvc repro"
    typer.echo(f"{file}: profile {name}; '{runs}' runs it")


def import_mfnet(
    file: Annotated[
        Path, typer.Argument(help="A checkpoint (.pth) in the key layout of MFNet's PyTorch code.")
    ],
    out: Annotated[
        Path, typer.Option(help="The file to write. Scheme mfnet-imported reads the default.")
    ] = IMPORTED,
) -> None:
    """Convert MFNet's published weights. The file is read without running any code in it.

    Example: `cscsanet import-mfnet final.pth`, then `cscsanet evaluate --scheme mfnet-imported`
    """
    from cscsanet.files import file_digest
    from cscsanet.training.mfnet_checkpoint import import_published

    link = import_published(file, out)
    count = sum(parameter.numel() for parameter in link.parameters())
    use = "" if out == IMPORTED else f"as {IMPORTED} it is "
    typer.echo(
        f"{out}: MFNet, {count} parameters, {file_digest(out)[:12]}; {use}measured by "
        f"'cscsanet evaluate --scheme mfnet-imported'"
    )


def ship(
    specialist: Annotated[
        str | None, typer.Option(help="A specialist model, as access, in place of the study of CSC-SA-Net.")
    ] = None,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Copy the trained models into the package. Commands use them until others are trained.

    Models of CSC-SA-Net are copied in half precision.
    """
    if specialist:
        from cscsanet.cli.access import ship_access
        from cscsanet.cli.fusion import ship_fusion
        from cscsanet.config.params import profile_names

        profile_names(specialist)
        ships = {"access": ship_access, "fusion": ship_fusion}
        typer.echo(ships[specialist](params_file.resolve().parent))
        return
    workspace, params = project(params_file)

    from cscsanet.pipeline.shipping import ship as ship_models
    from cscsanet.workflow.machine import limit_threads

    limit_threads(params.threads)
    for line in ship_models(workspace, params):
        typer.echo(line)


def why(
    stage: Annotated[
        str | None,
        typer.Argument(help="A stage of dvc.yaml, as noma or stage3@noma.  [default: all that would run]"),
    ] = None,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Explain why `dvc repro` would run a stage: changed parameters, inputs, outputs and code.

    Example: `cscsanet why noma`
    """
    from cscsanet.workflow.why import explain, explain_all
    from cscsanet.workflow.workspace import SOURCE

    root = params_file.resolve().parent
    for line in explain(root, SOURCE, stage) if stage else explain_all(root, SOURCE):
        typer.echo(line)


def ui(
    host: Annotated[
        str,
        typer.Option(help="Address to listen on. Any but the default lets others in, without a password."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 5000,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Start the MLflow UI for the project's runs. Ctrl-C stops it."""
    from cscsanet.tracking import serve_ui

    raise typer.Exit(serve_ui(params_file.resolve().parent, host, port))


def channel_draw(
    count: Annotated[int, typer.Option(min=1, help="N, the number of drops.")],
    seed: Annotated[
        int,
        typer.Option(min=0, help="Equal seeds give equal drops; a longer set starts with the shorter one."),
    ],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    engine: ChosenEngine = EngineName.local,
    workers: Workers = None,
    address: Address = None,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Draw drops: gain_re, gain_im, aod, aoa, delay, doppler as .npy of shape (N, K, L_p), and manifest.json.

    They are of channel.source; of a file of paths, from all of its positions.

    Example: `cscsanet channel draw --count 1000000 --seed 1 --out drops --workers 4`
    """
    from cscsanet.config.params import load_params

    params = load_params(params_file)
    choice = engine_choice(engine, workers, address)

    from functools import partial

    from cscsanet.channel.dataset import open_drops, write_drops
    from cscsanet.config.channel_notes import channel_notes, source_notes
    from cscsanet.errors import print_notes
    from cscsanet.workflow.engines import in_order, open_engine

    print_notes(channel_notes(params.channel))

    root = params_file.resolve().parent
    # Workers return their blocks, so of the project they read at most a file of paths.
    with open_engine(choice, root if params.channel.source == "paths" else None) as opened:
        write_drops(out, count, seed, params.channel, root=root, mapped=partial(in_order, opened))
    store = open_drops(out)
    print_notes(source_notes(params.channel, store.num_paths, store.manifest.get("source", {})))
    size = sum(path.stat().st_size for path in out.iterdir())
    typer.echo(f"{out}: {count} drops, seed {seed}, {size_text(size)}")


def channel_response(
    folder: Annotated[Path, typer.Argument(help="A folder of drops, as written by 'channel draw'.")],
    symbols: Annotated[str, typer.Option(help="OFDM symbols A:B, from A to B - 1.")],
    out: Annotated[Path, typer.Option(help="The .npy file to write.")],
) -> None:
    """Write the channel matrices H, complex64 of shape (N, K, B-A, N_c, N_r, N_t), eq. (6).

    Its size is printed first; a disk that is too small is refused.

    Example: `cscsanet channel response drops --symbols 0:9 --out H.npy`
    """
    first, _, end = symbols.partition(":")
    if not (first.isdecimal() and end.isdecimal() and int(first) < int(end)):
        raise CscsanetError(f"--symbols {symbols}: must be A:B with 0 <= A < B, for example 0:9")

    from cscsanet.channel.dataset import open_drops
    from cscsanet.channel.response_file import check_space, export_response, response_bytes
    from cscsanet.errors import print_notes
    from cscsanet.workflow.progress import progress_bar

    chosen = range(int(first), int(end))
    size = response_bytes(folder, chosen)
    check_space(out, size)
    print_notes([f"{out}: takes {size_text(size)}"])
    with progress_bar("materialising", len(open_drops(folder))) as advance:
        export_response(folder, chosen, out, progress=advance)
    typer.echo(f"{out}: written, {size_text(size)}")


def scenes_preview(
    out: Annotated[Path, typer.Option(help="The contact sheet to write (PNG).")] = Path("scenes.png"),
    frames: Annotated[
        int, typer.Option(min=1, max=200, help="Number of frames, evenly spaced over the dataset.")
    ] = 12,
    columns: Annotated[int, typer.Option(min=1, max=12, help="Frames in a row.")] = 2,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="A frames folder, or a dataset in MFNet's layout.  [default: the project's scenes]"
        ),
    ] = None,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Write a contact sheet: RGB, thermal and label (colours of the classes) of frames by day and by night."""
    if folder is None:
        workspace, params = project(params_file)
        folder = workspace.scenes
        if folder.exists():
            from cscsanet.pipeline.made_from import check_frames

            check_frames(workspace, params)
    typer.echo(preview_scenes(folder, out, frames, columns))


def preview_scenes(folder: Path, out: Path, frames: int, columns: int) -> str:
    """Write a contact sheet of frames, evenly spaced over the day and the night frames; return a message for the user.

    Raises:
        CscsanetError: the folder holds no dataset in MFNet's layout, or a frame is damaged.
    """
    if not (folder / "images").is_dir():
        raise CscsanetError(
            f"{folder}: no images/ here; run 'dvc repro scenes', or name a dataset with --folder"
        )
    from cscsanet.files import write_by_rename
    from cscsanet.scene_sources.contact_sheet import contact_sheet
    from cscsanet.scenes.dataset import load_scenes
    from cscsanet.scenes.layout import evenly_spaced, in_time_order, is_night, names_in

    names = in_time_order(names_in(folder / "images"))
    night = [name for name in names if is_night(name)]
    day = [name for name in names if not is_night(name)]
    chosen = evenly_spaced(day, frames - min(len(night), frames // 2)) + evenly_spaced(night, frames // 2)
    scenes = load_scenes(folder, chosen)
    panels = [
        (name, image.permute(1, 2, 0).numpy(), label.numpy())
        for name, image, label in zip(scenes.titles, scenes.images, scenes.labels, strict=True)
    ]
    sheet = contact_sheet(panels, scenes.annotation, columns=columns)
    write_by_rename(out, lambda partial: sheet.save(partial, format="PNG"))
    return f"{out}: {len(chosen)} of {len(names)} frames"
