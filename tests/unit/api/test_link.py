"""Links by name: they are those of the command line, and refuse what they were not built for."""

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

import cscsanet
from cscsanet.api.channels import first_drops
from cscsanet.api.evaluation import refuse_training_frames
from cscsanet.channel.dataset import open_drops, part_seed, write_drops
from cscsanet.channel.sources import open_source
from cscsanet.scene_sources.renderer.writer import write_rendered
from cscsanet.scenes.layout import names_in
from cscsanet.workflow.workspace import SHIPPED, Workspace


@pytest.fixture(scope="module")
def scenes():
    return cscsanet.render_scenes(3, seed=77)


@pytest.fixture(scope="module")
def link():
    return cscsanet.load("noma-aligned")


def pictures(scenes, frame=0):
    pixels = scenes.frames.images[frame].numpy()
    return np.ascontiguousarray(pixels[:3].transpose(1, 2, 0)), pixels[3]


def test_files_pictures_and_arrays_are_the_same_transmission(link, scenes, tmp_path):
    rgb, thermal = pictures(scenes)
    Image.fromarray(rgb).save(tmp_path / "rgb.png")
    Image.fromarray(thermal).save(tmp_path / "thermal.png")
    given = [
        (tmp_path / "rgb.png", str(tmp_path / "thermal.png")),
        (Image.fromarray(rgb), Image.fromarray(thermal)),
        (rgb, thermal),
        (rgb / 255, thermal / np.float32(255)),
    ]
    first, *others = [link.transmit(*pair, snr_db=-15, seed=4) for pair in given]
    assert all(torch.equal(first.logits, other.logits) for other in others)
    assert not torch.equal(first.logits, link.transmit(*given[0], snr_db=-15, seed=5).logits)


def test_a_transmission_tells_what_was_sent(link, scenes):
    sent = link.transmit(*pictures(scenes), snr_db=-20, feedback_bits=64, data_symbols=2)
    channel = link.channel
    assert sent.bits.shape == (2, 64)
    assert set(np.unique(sent.bits)) <= {0, 1}
    assert sent.streams.shape == (2, 2, channel.subcarriers, channel.rf_chains)
    assert sent.logits.argmax(dim=0).equal(torch.tensor(sent.mask, dtype=torch.int64))
    assert sent.spectral_efficiency == pytest.approx(sum(sent.spectral_efficiencies))
    # No receiver is above fully digital beams with perfect CSI.
    assert all(np.array(sent.spectral_efficiencies) < sent.channel.bound(-20)[0].numpy())
    assert any("rendered scenes alone" in text for text in sent.notes)


def test_a_drop_that_is_given_is_the_channel(link, scenes):
    drops = cscsanet.draw_channels(2, seed=9)
    one, other = (link.transmit(*pictures(scenes), snr_db=-10, channel=drop) for drop in drops)
    assert torch.equal(one.channel.paths.gain, drops.paths.gain[:1])
    assert one.spectral_efficiencies != other.spectral_efficiencies
    with pytest.raises(cscsanet.CscsanetError, match="2 drops; give one of them"):
        link.transmit(*pictures(scenes), channel=drops)
    with pytest.raises(cscsanet.CscsanetError, match="bs_antennas = 32, and noma-aligned was built for 64"):
        link.transmit(*pictures(scenes), channel=cscsanet.draw_channels(1, bs_antennas=32))


def test_another_channel_is_another_result_of_the_same_weights(link, scenes):
    slipping = link.with_channel(oscillator_rad=3.0)
    assert slipping.weights == link.weights
    assert link.channel.oscillator_rad == 0
    sent = [each.transmit(*pictures(scenes), snr_db=-5) for each in (link, slipping)]
    assert not torch.equal(sent[0].logits, sent[1].logits)
    assert np.array_equal(sent[0].bits, sent[1].bits)


@pytest.mark.parametrize(
    "name", [name for name, row in cscsanet.config.schemes.SCHEMES.items() if row.shipped]
)
def test_every_scheme_of_the_package_can_be_loaded_and_sends(name, scenes):
    if name == "mfnet-imported":
        pytest.skip("has no weights before a user imports them")
    sent = cscsanet.load(name).transmit(*pictures(scenes), snr_db=-10)
    assert sent.mask.shape == (96, 128)
    assert (sent.channel is None) == (sent.spectral_efficiency is None)


def test_weights_of_a_file_are_those_of_the_package(link, scenes):
    file = cscsanet.load("noma-aligned", weights=SHIPPED / "noma_aligned.safetensors")
    folder = cscsanet.load("dlcsi-pca", weights=SHIPPED)
    assert file.weights == link.weights
    sent = [each.transmit(*pictures(scenes), snr_db=-20) for each in (file, link)]
    assert torch.equal(sent[0].logits, sent[1].logits)
    assert folder.weights == cscsanet.load("dlcsi-pca").weights


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cscsanet.load("nomaa"), "scheme 'nomaa'"),
        (lambda: cscsanet.load("oma-aligned"), "oma-aligned: not in the package; train it in a project"),
        (lambda: cscsanet.load("noma", weights="absent.safetensors"), "absent.safetensors: no such weights"),
        (lambda: cscsanet.load("noma", weights="a", project="b"), "give project or weights, not both"),
        (
            lambda: cscsanet.load("dlcsi-pca", weights=SHIPPED / "feedback.safetensors"),
            "has 3 weight files (acquisition, feedback, codec_link); name their folder",
        ),
        (lambda: cscsanet.load("noma", project="nowhere"), "nowhere/params.yaml: cannot be read"),
        (lambda: cscsanet.draw_channels(0), "count = 0: must be at least 1"),
        (lambda: cscsanet.draw_channels(1, pahts=4), "channel: pahts: there is no such key; choose one of"),
        (lambda: cscsanet.draw_channels(1, paths=-1), "channel: paths = -1:"),
        (lambda: cscsanet.draw_channels(1, rf_chains=9), "channel: rf_chains = 9: must be at most 8"),
        (lambda: cscsanet.render_scenes(0), "count = 0: must be at least 1"),
        (lambda: cscsanet.load_scenes("nowhere"), "nowhere/images: no such folder"),
        (lambda: cscsanet.load_scenes("nowhere", "tset"), "part 'tset': there is none of that name"),
        (lambda: cscsanet.load_specialist("acces"), "specialist 'acces': there is none of that name"),
    ],
)
def test_mistakes_are_one_line(call, message):
    with pytest.raises(cscsanet.CscsanetError, match=re.escape(message)):
        call()


@pytest.mark.parametrize(
    ("rgb", "message"),
    [
        (np.zeros((96, 128, 3), np.int32), "rgb: an array of int32; give uint8"),
        (np.full((96, 128, 3), 7.0), "rgb: numbers must be in [0, 1]"),
        (np.zeros((2, 96, 128, 3), np.uint8), "rgb: an array of shape (2, 96, 128, 3)"),
        (np.zeros((96, 128, 3), np.uint8), "rgb.png"),  # black
    ],
)
def test_an_array_that_is_no_picture_is_refused(link, scenes, rgb, message):
    with pytest.raises(cscsanet.CscsanetError, match=re.escape(message)) as raised:
        link.transmit(rgb, pictures(scenes)[1])
    assert "/tmp" not in str(raised.value)


def test_a_note_on_an_array_names_it_and_no_file(link):
    drawn = np.random.default_rng(1).integers(0, 255, (96, 200, 3), dtype=np.uint8)
    notes = link.transmit(drawn, drawn[..., 0].astype(np.uint16) * 200).notes
    assert any(note.startswith("rgb.png, thermal.png: of 96 x 200 pixels") for note in notes)
    assert not any("/" in note for note in notes)


def test_a_point_beyond_the_capacity_is_refused(link, scenes):
    with pytest.raises(cscsanet.CscsanetError, match="data_symbols = 99: the model was built for at most"):
        link.transmit(*pictures(scenes), data_symbols=99)


def test_drops_are_those_of_the_dataset(tmp_path, smoke):
    write_drops(tmp_path / "drops", 5, part_seed(1, "test"), smoke.channel)
    drawn = first_drops(open_source(smoke.channel), 3, part_seed(1, "test"))
    stored = open_drops(tmp_path / "drops").all()[:3]
    for name in ("gain", "aod", "aoa", "delay", "doppler"):
        assert torch.equal(getattr(drawn, name), getattr(stored, name)), name


def test_an_evaluation_is_of_the_counts_and_above_its_floor(link, scenes):
    good, bad = (link.evaluate(scenes, snr_db=snr_db) for snr_db in (10, -40))
    assert good.low <= good.miou <= good.high
    assert good.frames == 3
    assert good.miou > bad.miou
    assert good.miou > good.floor
    assert good.confusion.sum() == 3 * 96 * 128
    values = [value for value in good.iou.values() if value is not None]
    assert good.miou == pytest.approx(np.mean(values))
    assert good.spectral_efficiency > bad.spectral_efficiency > 0


def test_a_link_is_not_evaluated_on_its_training_frames(link, tmp_path):
    scenes = link.params.scenes
    write_rendered(
        tmp_path / "scenes",
        sequences=8,
        frames_per_sequence=scenes.frames_per_sequence,
        height=scenes.height,
        width=scenes.width,
        seed=link.params.seed,
    )
    first = cscsanet.load_scenes(tmp_path / "scenes")
    with pytest.raises(cscsanet.CscsanetError, match="64 of these 64 frames are training frames of it"):
        link.evaluate(first)


def test_the_training_frames_of_a_project_are_known_by_its_split(link, tmp_path):
    folder = tmp_path / "data" / "scenes"
    write_rendered(folder, sequences=8, frames_per_sequence=1, height=96, width=128, seed=5)
    names = names_in(folder / "images")
    workspace = Workspace(tmp_path)
    workspace.split.mkdir()
    (workspace.split / "train.txt").write_text("\n".join(names[:3]))
    (workspace.split / "split.json").write_text(json.dumps({"digest": "split"}))
    inputs = {**workspace.scene_digests()}
    model = {"origin": {"inputs": inputs}}
    scenes = cscsanet.load_scenes(folder)
    with pytest.raises(cscsanet.CscsanetError, match="noma: 3 of these 8 frames are training frames of it"):
        refuse_training_frames(workspace, "noma", [model], scenes)
    others = {"origin": {"inputs": {**inputs, "split": "another"}}}
    refuse_training_frames(workspace, "noma", [others], scenes)


def test_a_scheme_without_feedback_shows_no_bits(scenes):
    perfect, aligned = (
        cscsanet.load(name).evaluate(scenes, snr_db=0) for name in ("perfect-pca", "noma-aligned")
    )
    assert "B 1024" in repr(aligned)
    assert "B 1024" not in repr(perfect)
    assert "no feedback counted" in repr(perfect)


def test_the_schemes_of_the_package_are_those_that_load():
    shipped = cscsanet.schemes(shipped=True)
    assert "noma-tracked" in shipped
    assert "oma-aligned" not in shipped
    assert shipped.items() < cscsanet.schemes().items()


def test_scenes_of_another_size_are_refused(link):
    with pytest.raises(cscsanet.CscsanetError, match="these scenes have 48 x 64"):
        link.evaluate(cscsanet.render_scenes(1, size=(48, 64)))


def test_a_panel_shows_the_truth_and_the_notes(link, scenes, tmp_path):
    sent = link.transmit(*pictures(scenes), snr_db=-20)
    truth = scenes.frames.labels[0].numpy()
    figure = sent.show(truth=truth)
    assert [axes.get_title() for axes in figure.axes] == [
        "RGB, sent by UE 1",
        "thermal, sent by UE 2",
        "truth",
        "mask at the base station",
    ]
    texts = " ".join(text.get_text() for text in figure.texts)
    assert "noma-aligned at -20 dB" in texts
    assert f"mean IoU of this frame: {sent.miou(truth):.3f}" in texts
    assert "rendered scenes alone" in texts
    assert len(sent.show().axes) == 3
    # A notebook shows both, with or without pyplot.
    for shown in (figure, sent):
        assert shown._repr_png_().startswith(b"\x89PNG")
    sent.save(tmp_path / "mask.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "mask.png")), sent.mask)
    assert sent.miou(tmp_path / "mask.png") == 1
