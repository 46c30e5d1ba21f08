"""Fig. 12: the masks of the measurement, on frames by day and by night."""

import numpy as np
import pytest
import torch
from fixtures.measurements import measurement_of, outcome_of

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.scenes.classes import MFNET
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.evidence import Condition
from cscsanet.evaluation.measure import Outcome
from cscsanet.evaluation.measurements import read_measurement, write_measurement
from cscsanet.scenes.annotation import coloured
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.studies.sweeps.masks import draw_masks, example_schemes, mask_notes, representative_frames

CONDITION = Condition("noma", OperatingPoint(-25.0, 8, 1024, 4))


@pytest.fixture
def scenes(seeded):
    """Forty frames, alternately by day and by night; frame i has the classes 0 to i mod 5."""
    classes = torch.arange(40) % 5
    labels = torch.stack([torch.arange(24).reshape(4, 6) % (count + 1) for count in classes.tolist()])
    images = torch.randint(0, 256, (40, 4, 4, 6), generator=seeded, dtype=torch.uint8)
    return SceneSet(images, labels.to(torch.uint8), [f"{i:05d}{'DN'[i % 2]}" for i in range(40)])


def test_the_masks_are_those_of_the_measurement(scenes, seeded, tmp_path):
    masks = torch.randint(0, 9, (40, 4, 6), generator=seeded, dtype=torch.uint8)
    outcome = Outcome(outcome_of(0.3).confusions, None, masks)
    write_measurement(tmp_path / "noma.npz", measurement_of(CONDITION, outcome))
    measured = {"noma": read_measurement(tmp_path / "noma.npz")}
    figure = draw_masks(scenes, 4, measured)["fig12"]
    assert figure.get_suptitle() == "SNR -25 dB, L 8, B 1024, Q 4, one channel for each frame"
    frames = representative_frames(scenes, 4)
    predicted = [axes for row in range(4) for axes in [figure.axes[4 * row + 3]]]
    for frame, axes in zip(frames, predicted, strict=True):
        assert np.array_equal(axes.images[0].get_array(), coloured(masks[frame].numpy(), MFNET))
    names = [figure.axes[4 * row].get_ylabel() for row in range(4)]
    assert names == [scenes.names[frame] for frame in frames]


def test_a_measurement_without_masks_is_one_line(scenes):
    with pytest.raises(CscsanetError, match="measurement of noma: holds no masks; run 'dvc repro'") as error:
        draw_masks(scenes, 4, {"noma": measurement_of(CONDITION, outcome_of(0.3))})
    assert "\n" not in str(error.value)


def test_frames_are_half_by_day_spread_over_time_and_rich_in_classes(scenes):
    frames = representative_frames(scenes, 4)
    assert [bool(scenes.night[frame]) for frame in frames] == [False, False, True, True]
    for first, second in (frames[:2], frames[2:]):
        assert first < 20 <= second
    assert all(len(scenes.labels[frame].unique()) == 5 for frame in frames)


def test_the_example_has_three_frames_and_the_paper_s_form_beside_ours(scenes, seeded):
    names = ("ideal", "noma", "noma-aligned", "noma-tracked", "dlcsi-pca")
    masks = {name: torch.randint(0, 9, (40, 4, 6), generator=seeded, dtype=torch.uint8) for name in names}
    measured = {
        name: measurement_of(
            CONDITION, Outcome(outcome_of(0.3 + 0.1 * (name == "noma-tracked")).confusions, None, mask)
        )
        for name, mask in masks.items()
    }
    figure = draw_masks(scenes, 6, measured)["masks"]
    titles = [axes.get_title() for axes in figure.axes[:5]]
    assert titles == ["RGB (UE 1)", "thermal (UE 2)", "truth", "noma, mIoU 0.300", "noma-tracked, mIoU 0.400"]
    assert len(figure.axes) == 15
    frames = representative_frames(scenes, 3)
    for line, frame in enumerate(frames):
        for column, name in ((3, "noma"), (4, "noma-tracked")):
            drawn = figure.axes[5 * line + column].images[0].get_array()
            assert np.array_equal(drawn, coloured(masks[name][frame].numpy(), MFNET))
    notes = mask_notes(scenes, 6, measured)
    assert notes["masks"] == [scenes.names[frame] for frame in frames]
    assert notes["schemes"]["noma"] == {
        "point": "-25 dB, L 8, B 1024, Q 4",
        "weights": measured["noma"].model,
        "seed": measured["noma"].seed,
        "miou": pytest.approx(0.3, abs=1e-3),
    }


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["ideal", "noma-aligned", "noma", "mfnet"], ["noma", "noma-aligned"]),
        (["ideal", "noma", "mfnet"], ["ideal", "mfnet"]),
        (["codebook"], ["codebook"]),
    ],
)
def test_without_both_forms_the_example_has_the_first_and_the_last_scheme(names, shown):
    assert example_schemes(names) == shown
