"""The stage that draws the channel drops."""

from cscsanet.channel.dataset import Part, part_seed, write_drops
from cscsanet.params import Params
from cscsanet.pipeline.progress import progress_bar
from cscsanet.pipeline.workspace import Workspace
from cscsanet.tracking import open_tracking


def make_channels(workspace: Workspace, params: Params) -> None:
    """Draw the channel drops of each part from seeds of their own."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    with tracker.stage("channels", params, sections=("channel", "seed")) as run:
        counts = write_parts(workspace, params)
        for name, digest in workspace.drop_digests(*counts).items():
            run.log_dataset(name, digest, source="drawn", context="made")
        run.log_metrics({f"drops_{part}": count for part, count in counts.items()})


def write_parts(workspace: Workspace, params: Params) -> dict[Part, int]:
    """Write the drops, without a run, and return how many each part has."""
    channel = params.channel
    counts: dict[Part, int] = {
        "train": channel.train_drops,
        "val": channel.val_drops,
        "test": channel.test_drops,
    }
    with progress_bar("drawing drops", sum(counts.values())) as advance:
        for part, count in counts.items():
            write_drops(workspace.drops(part), count, part_seed(params.seed, part), channel)
            advance(count)
    return counts
