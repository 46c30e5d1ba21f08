"""Draw the figures of masks again, without the study's measurements: `python docs/build/masks.py`.

The stage `evaluate` draws reports/figures/fig12.png and masks.png from the measurements. Where those are not at hand, this
measures the pictured schemes anew, at the reference point alone, with the weights in models/ or, without any, with those of
the package. The same weights and seed give the same bytes. It needs the frames and the drops: `dvc repro split channels`.
"""

from pathlib import Path

from cscsanet.config.params import load_params
from cscsanet.config.schemes import scheme
from cscsanet.files import write_by_rename, write_json
from cscsanet.scenes.dataset import load_part
from cscsanet.studies.sweeps.masks import draw_masks, mask_notes
from cscsanet.studies.sweeps.measure import measure_points
from cscsanet.workflow.workspace import Workspace

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Write fig12.png, masks.png and masks.json, which says whose weights are those of the package."""
    workspace = Workspace(ROOT)
    params = load_params(workspace.params_file)
    evaluation, point = params.evaluation, params.evaluation.home.point
    scenes = load_part(workspace.scenes, workspace.split, "test")
    measured = {}
    for name in evaluation.pictured:
        (measured[name],) = measure_points(workspace, params, name, [point], details_at=point)
    folder = workspace.reports / "figures"
    for name, figure in draw_masks(scenes, evaluation.pictures, measured).items():
        write_by_rename(
            folder / f"{name}.png",
            lambda partial, figure=figure: figure.savefig(partial, format="png", dpi=120),  # type: ignore[misc]
        )
    notes = mask_notes(scenes, evaluation.pictures, measured)
    for name, entry in notes["schemes"].items():
        entry["shipped"] = _shipped(workspace, name)
    write_json(folder / "masks.json", notes)


def _shipped(workspace: Workspace, name: str) -> bool:
    """Return whether a scheme's weights are those of the package, in half precision."""
    return any(workspace.trained(each) != workspace.weights(each) for each in scheme(name).weights.values())


if __name__ == "__main__":
    main()
