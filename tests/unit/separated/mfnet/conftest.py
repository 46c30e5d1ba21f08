"""MFNet as its authors' PyTorch code lays it out: a random state dict, and what that code computes with it."""

import pytest
import torch
from torch.nn import functional

# Inputs and outputs of every convolution, by the published names.
CONVOLUTIONS = {
    "conv1_rgb": (3, 16),
    "conv2_1_rgb": (16, 48),
    "conv2_2_rgb": (48, 48),
    "conv3_1_rgb": (48, 48),
    "conv3_2_rgb": (48, 48),
    "conv1_inf": (1, 16),
    "conv2_1_inf": (16, 16),
    "conv2_2_inf": (16, 16),
    "conv3_1_inf": (16, 16),
    "conv3_2_inf": (16, 16),
    "decode4": (132, 64),
    "decode3": (64, 64),
    "decode2": (64, 32),
    "decode1": (32, 9),
}
INCEPTIONS = {"conv4_rgb": (48, 96), "conv5_rgb": (96, 96), "conv4_inf": (16, 36), "conv5_inf": (36, 36)}
for _name, (_inputs, _outputs) in INCEPTIONS.items():
    for _side in ("left", "right"):
        CONVOLUTIONS[f"{_name}.conv1_{_side}"] = (_inputs, _outputs // 2)
        CONVOLUTIONS[f"{_name}.conv2_{_side}"] = (_outputs, _outputs // 2)
        CONVOLUTIONS[f"{_name}.conv3_{_side}"] = (_outputs, _outputs // 2)


@pytest.fixture
def published():
    """A state dict whose every tensor matters: no bias, mean or variance is what an untrained network has."""
    source = torch.Generator().manual_seed(11)
    state = {}
    for name, (inputs, outputs) in CONVOLUTIONS.items():
        weight = torch.randn(outputs, inputs, 3, 3, generator=source)
        state[f"{name}.conv.weight"] = weight / (3 * inputs**0.5)
        state[f"{name}.conv.bias"] = torch.randn(outputs, generator=source) / 3
        # Down to variances that the epsilon beneath them shows in, with weights that keep the features' size.
        variance = 10 ** (-4 * torch.rand(outputs, generator=source))
        state[f"{name}.bn.weight"] = (0.7 + 0.6 * torch.rand(outputs, generator=source)) * variance.sqrt()
        state[f"{name}.bn.bias"] = torch.randn(outputs, generator=source) / 3
        state[f"{name}.bn.running_mean"] = torch.randn(outputs, generator=source) / 3
        state[f"{name}.bn.running_var"] = variance
        state[f"{name}.bn.num_batches_tracked"] = torch.tensor(7)
    return state


@pytest.fixture
def compute():
    """(state dict, images) -> the published network's logits in evaluation, one functional call after the other."""
    return _compute


def _compute(state, images):
    def convolve(name, features, dilation=1):
        weight, bias = state[f"{name}.conv.weight"], state[f"{name}.conv.bias"]
        features = functional.conv2d(features, weight, bias, padding=dilation, dilation=dilation)
        norm = [state[f"{name}.bn.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return functional.leaky_relu(functional.batch_norm(features, *norm, training=False, eps=1e-5), 0.2)

    def inception(name, features):
        for turn in (1, 2, 3):
            left = convolve(f"{name}.conv{turn}_left", features)
            right = convolve(f"{name}.conv{turn}_right", features, dilation=2)
            features = torch.cat([left, right], dim=1)
        return features

    def encode(modality, image):
        pooled = functional.max_pool2d(convolve(f"conv1_{modality}", image), 2, 2)
        second = convolve(f"conv2_2_{modality}", convolve(f"conv2_1_{modality}", pooled))
        pooled = functional.max_pool2d(second, 2, 2)
        third = convolve(f"conv3_2_{modality}", convolve(f"conv3_1_{modality}", pooled))
        fourth = inception(f"conv4_{modality}", functional.max_pool2d(third, 2, 2))
        fifth = inception(f"conv5_{modality}", functional.max_pool2d(fourth, 2, 2))
        return second, third, fourth, fifth

    pairs = zip(encode("rgb", images[:, :3]), encode("inf", images[:, 3:]), strict=True)
    second, third, fourth, features = [torch.cat(pair, dim=1) for pair in pairs]
    for name, skip in (("decode4", fourth), ("decode3", third), ("decode2", second), ("decode1", 0)):
        features = features.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        features = convolve(name, features + skip)
    return features
