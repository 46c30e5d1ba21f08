"""One transmission over the stations: power, and errors that are one line."""

import json
import shutil

import numpy as np
import onnx
import pytest
import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.errors import CscsanetError
from cscsanet.stations.chain import draw_noise, load_chain


def transmit(chain, params, point, spoil=lambda images: images, scale=None):
    """Send two random image pairs; spoil: changes the images; scale: names a part of the noise and its factor."""
    generator = torch.Generator().manual_seed(5)
    paths = draw_paths(2, chain.channel, generator)
    noise = draw_noise(2, point, chain.channel, generator)
    for name, factor in (scale or {}).items():
        noise = noise._replace(**{name: getattr(noise, name) * factor})
    size = (params.scenes.height, params.scenes.width)
    images = [torch.rand(2, channels, *size, generator=generator).numpy() for channels in (3, 1)]
    return chain.transmit(spoil(images), paths, point, noise)


def test_a_ue_radiates_its_power(exported_link, smoke):
    chain = load_chain(exported_link("noma-aligned")[0], "noma-aligned")
    reception = transmit(chain, smoke, OperatingPoint(-25, 8, 64, 3))
    power = (np.abs(reception.radiated) ** 2).sum(axis=-1).mean(axis=(2, 3))
    assert np.allclose(power, 1, atol=1e-4)


@pytest.mark.parametrize(
    ("point", "message"),
    [
        (OperatingPoint(-25, 9, 64, 1), "csirs_symbols = 9: the model was built for at most 8"),
        (OperatingPoint(-25, 8, 128, 1), "feedback_bits = 128: the model was built for at most 64"),
        (OperatingPoint(-25, 8, 64, 9), "data_symbols = 9: the model was built for at most 4"),
    ],
)
def test_a_point_beyond_the_capacity_is_one_line(point, message, exported_link, smoke):
    chain = load_chain(exported_link("noma")[0], "noma")
    with pytest.raises(CscsanetError, match=message) as raised:
        transmit(chain, smoke, point)
    assert "\n" not in str(raised.value)


def test_a_wrong_image_or_a_broken_sample_is_one_line(exported_link, smoke):
    chain, point = load_chain(exported_link("noma")[0], "noma"), OperatingPoint(-25, 8, 64, 1)
    with pytest.raises(CscsanetError, match="'image' is float32"):
        transmit(chain, smoke, point, spoil=lambda images: [images[0][..., :-1], images[1]])
    with pytest.raises(CscsanetError, match="'csirs' holds NaN"):
        transmit(chain, smoke, point, scale={"csirs": np.nan})
    with pytest.raises(CscsanetError, match="'received' holds NaN"):
        transmit(chain, smoke, point, scale={"data": np.nan})


def test_units_of_other_weights_do_not_mix(exported_link, tmp_path):
    mixed = tmp_path / "mixed"
    shutil.copytree(exported_link("noma")[0], mixed)
    model = onnx.load(mixed / "bs_rx.onnx")
    (weights,) = (entry for entry in model.metadata_props if entry.key == "cscsanet.weights")
    assert json.loads(weights.value) == "ab" * 32
    weights.value = json.dumps("cd" * 32)
    onnx.save(model, mixed / "bs_rx.onnx")
    with pytest.raises(CscsanetError, match="made from other weights"):
        load_chain(mixed, "noma")
