"""The commands around exported stations: `export` writes their units, `transmit` sends images over them.

`transmit` simulates the channel in this process, with PyTorch and the same draws as `predict`. Each station
is a separate process with numpy and ONNX Runtime, and without PyTorch.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from cscsanet.cli.notes import (
    note,
    note_mask,
    note_origin,
    note_other_units,
)
from cscsanet.cli.options import (
    DEFAULT_SCHEME,
    PARAMS,
    CsirsSymbols,
    DataSymbols,
    FeedbackBits,
    ParamsFile,
    RgbPicture,
    Scheme,
    SnrDb,
    ThermalPicture,
    ThermalRange,
    Truth,
    check_stations,
    check_trained,
    check_units,
    operating_point,
    project,
)
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.errors import CscsanetError, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cscsanet.config.params import Params
    from cscsanet.stations.fused import SearchingUe
    from cscsanet.workflow.workspace import Workspace


def export(
    scheme: Scheme = DEFAULT_SCHEME,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to.  [default: models/exported/SCHEME]")
    ] = None,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Write the units of one trained scheme as ONNX files, one for each network of a station.

    Example: `cscsanet export --scheme noma-aligned`
    """
    workspace, params = project(params_file)
    check_stations(scheme)
    check_units(params)
    check_trained(workspace, params, [scheme])

    from cscsanet.export.export import export_scheme
    from cscsanet.export.graph_store import project_graphs
    from cscsanet.export.units import UNITS
    from cscsanet.workflow.machine import limit_threads
    from cscsanet.workflow.progress import progress_bar

    limit_threads(params.threads)
    folder = out or workspace.manual_units(scheme)
    graphs = project_graphs(workspace)
    with progress_bar("exporting", len(UNITS)) as advance:
        files = export_scheme(scheme, params, workspace.trained, folder, graphs, advance)
    note_origin(workspace, [scheme])
    typer.echo(f"{folder}: {', '.join(path.name for path in files)}")


def transmit(
    rgb: RgbPicture,
    thermal: ThermalPicture,
    out: Annotated[
        Path, typer.Option(help="The folder for mask, overlay, panel, constellations and report.")
    ],
    scheme: Scheme = DEFAULT_SCHEME,
    snr_db: SnrDb = None,
    csirs_symbols: CsirsSymbols = None,
    feedback_bits: FeedbackBits = None,
    data_symbols: DataSymbols = None,
    thermal_range: ThermalRange = None,
    truth: Truth = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Which channel drop and noise; the same as those of `predict`.")
    ] = 0,
    units: Annotated[
        Path | None,
        typer.Option(
            help="The folder of the units.  [default: models/onnx/SCHEME, models/exported/SCHEME, or the package's]"
        ),
    ] = None,
    search: Annotated[
        str,
        typer.Option(
            help="How the UEs acquire their channel: fused, one kernel that a C compiler builds once | onnx, ONNX "
            "Runtime | auto, fused where there is a compiler."
        ),
    ] = "auto",
    params_file: ParamsFile = PARAMS,
) -> None:
    """Send one pair of images over stations that run ONNX units and exchange only bits and samples.

    Example: `cscsanet transmit rgb.png thermal.png --snr-db -10 --out sent`
    """
    workspace, params = project(params_file, without=True)
    check_stations(scheme)
    if search not in ("auto", "fused", "onnx"):
        raise CscsanetError(f"--search {search}: no such search; choose one of auto, fused, onnx")
    if units is None:
        check_units(params)
    point = operating_point(params, snr_db, csirs_symbols, feedback_bits, data_symbols)
    folder = units or workspace.units(scheme)
    for line in transmit_pair(
        workspace,
        params,
        folder,
        scheme,
        point,
        (rgb, thermal),
        out,
        seed,
        thermal_range,
        search,
        truth,
    ):
        typer.echo(printable(line))


def transmit_pair(
    workspace: "Workspace",
    params: "Params",
    units: Path,
    scheme: str,
    point: OperatingPoint,
    pictures: tuple[Path, Path],
    out: Path,
    seed: int,
    thermal_range: tuple[float, float] | None = None,
    search: str = "auto",
    truth: Path | None = None,
) -> list[str]:
    """Send a pair of images over one drawn channel, and return messages for the user.

    Writes mask.png, overlay.png, panel.png, constellations.png and report.json into `out`, and processing.json, whose times
    differ from run to run. params: its section `channel` is
    simulated. units: folder of the scheme's units. pictures: the RGB and the thermal picture. seed: selects the same
    drop and noise as in `predict`. thermal_range: see `read_pixels`. search: of the UEs, see `load_searching_ue`. truth: the
    labels of the scene, for the panel.

    Raises:
        CscsanetError: units or images are missing or damaged, or the point is beyond the capacity of the units.
    """
    import numpy as np

    from cscsanet.files import write_by_rename, write_json
    from cscsanet.scenes.image_pair import THERMAL_RANGE, read_pixels
    from cscsanet.scenes.images import read_picture, read_png
    from cscsanet.scenes.layout import MODALITIES
    from cscsanet.scenes.masks import class_shares, write_mask, write_overlay
    from cscsanet.scenes.thermal_values import stated_range
    from cscsanet.stations.metadata import CSIRS

    # Errors in the input are found before ONNX Runtime or PyTorch is imported, and before any station starts.
    if not (units / f"{CSIRS}.onnx").is_file():
        raise CscsanetError(f"{units / CSIRS}.onnx: no such unit; run 'cscsanet export --scheme {scheme}'")
    stated_range(thermal_range, THERMAL_RANGE)
    for picture in pictures:
        read_picture(picture)
    if truth is not None:
        read_png(truth)

    from cscsanet.stations.session import load_unit

    info = load_unit(units / f"{CSIRS}.onnx", CSIRS, scheme).info
    scenes = info.params["scenes"]
    info.serves(point)
    pair = read_pixels(*pictures, scenes["height"], scenes["width"], thermal_range)
    pixels = pair.pixels

    from cscsanet.workflow.machine import limit_threads

    limit_threads(params.threads)
    from cscsanet.api.notes import notes_by_origin, unit_notes
    from cscsanet.api.sent import link_facts, panel_figure, panel_title, write_panel
    from cscsanet.channel.sources import open_source
    from cscsanet.evaluation.rates import json_decibel
    from cscsanet.stations.chain import draw_noise, running_chain
    from cscsanet.stations.link_budget import constellation_figure, efficiencies, link_budget, processing
    from cscsanet.training.seeds import generator

    image = pixels[None].astype(np.float32) / np.float32(255)
    paths = open_source(params.channel, workspace.root, "test").draw(1, generator(seed, "evaluate", 0))
    noise = draw_noise(1, point, params.channel, generator(seed, "evaluate", 1))
    with running_chain(units, scheme, params.threads, params.channel, search) as chain:
        reception = chain.transmit([image[:, :3], image[:, 3:]], paths, point, noise)
        ues = cast("Sequence[SearchingUe]", chain.ues)
        searches = {name: ue.search for name, ue in zip(MODALITIES, ues, strict=True)}
        reasons = {ue.why_onnx for ue in ues} - {""}
        precoder = np.stack([ue.precoder for ue in ues], axis=1)
    mask = reception.logits[0].argmax(axis=0).astype(np.uint8)
    budget = link_budget(reception, paths, point, params.channel)

    classes = info.classes
    write_mask(out / "mask.png", mask, classes)
    write_overlay(out / "overlay.png", mask, np.moveaxis(pixels[:3], 0, -1), classes)
    rates = efficiencies(precoder, reception.combiner, paths, point, params.channel)
    source = info.params["scenes"].get("source", "")
    notes = [
        *pair.notes,
        *(notes_by_origin(workspace, scheme, source, info.origin, pixels) or ()),
        *unit_notes(info.params, params.channel, point),
    ]
    facts = link_facts(rates, point.feedback_bits)
    write_panel(
        out / "panel.png",
        panel_figure(panel_title(scheme, point, seed), pixels, mask, facts, notes, truth, classes),
    )
    title = f"{scheme}, {point.label(equals=' = ')}"
    figure = constellation_figure(reception, budget, title)
    write_by_rename(
        out / "constellations.png", lambda partial: figure.savefig(partial, format="png", dpi=120)
    )
    shares = class_shares(mask, classes)
    report: dict[str, Any] = {
        "scheme": scheme,
        "weights": info.weights,
        "origin": dict(info.origin),
        "snr_db": point.snr_db,
        "csirs_symbols": point.csirs_symbols,
        "feedback_bits": point.feedback_bits,
        "data_symbols": point.data_symbols,
        "seed": seed,
        "channel": {
            **params.channel.model_dump(mode="json"),
            "bs_power_offset_db": json_decibel(params.channel.bs_power_offset_db),
        },
        "link_budget": budget,
        "classes": shares,
    }
    write_json(out / "report.json", report)
    times = processing(reception, params.channel, searches)
    write_json(out / "processing.json", times)
    for text in dict.fromkeys(notes):
        note(text)
    for reason in sorted(reasons):
        note(f"the UEs acquire their channel in ONNX Runtime, which takes longer: {reason}")
    note_mask(scheme, shares)
    note_other_units(workspace, scheme, info.weights, units)
    origin = ", ".join(
        f"{key} {info.origin[key][:12]}" for key in ("stage", "commit") if info.origin.get(key)
    )
    listed = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    spent = (
        f"feedback: {times['feedback_ms']:.1f} ms of processing here, {times['feedback_symbols']} OFDM symbols; "
        f"channel.feedback_delay_symbols = {times['feedback_delay_symbols']}; "
        f"search: {', '.join(dict.fromkeys(searches.values()))}"
    )
    return [f"{out}: {listed}", spent, f"model {scheme} {info.weights[:12]} ({origin or 'origin unknown'})"]
