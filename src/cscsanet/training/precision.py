"""Reduced precision and compilation of the networks of a training, as its recipe asks for.

Both apply to the convolutional networks, which take most of the time of a training. The channel, the
search for paths, the losses and the weights remain in float32: a phase in bfloat16 has errors of degrees.
"""

import torch
from torch import nn

from cscsanet.config.training import RecipeParams
from cscsanet.networks.semantic_codec import ConvolutionalNet


def prepare_networks(task: nn.Module, recipe: RecipeParams) -> None:
    """Set the precision of all convolutional networks of a task, and compile them if asked for."""
    for module in task.modules():
        if isinstance(module, ConvolutionalNet):
            module.autocast_to = torch.bfloat16 if recipe.precision == "bfloat16" else None
            if recipe.compiled:
                # In place: the names of the weights remain the same.
                module.compile()
