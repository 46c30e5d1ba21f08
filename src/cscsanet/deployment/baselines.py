"""The networks of the baselines as units, trained: those of the separated designs, and MFNet.

A separated design is arithmetic between networks (path search, principal components, detection: `cscsanet.separated`), so
there is no station to be exported whole; what is exported is each network, from the tokens of its paths, in which the SNR,
L and B stand, to what it learned to say of them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from cscsanet.deployment.capture import graph_of
from cscsanet.deployment.contract import BATCH, Port
from cscsanet.deployment.exporting import unit_info, write_unit
from cscsanet.deployment.parts import codec_parts, feedback_parts, mfnet_parts, precoding_parts
from cscsanet.deployment.ports import Signature
from cscsanet.deployment.simplifying import simplify
from cscsanet.evaluation.models import trained_link
from cscsanet.files import file_digest
from cscsanet.params import Params
from cscsanet.separated.fronts import LearnedCsiFront
from cscsanet.separated.mfnet_link import MfnetLink
from cscsanet.separated.precoding import DlPrecoding
from cscsanet.separated.separated_link import SeparatedLink
from cscsanet.training.weights import weights_origin

SEPARATED, REFERENCE = "dlcsi-dl", "mfnet"
_PIXELS = "pixels in [0, 1]"
# What a network takes and gives: name and meaning of each.
_PATHS = ("tokens", "what is known of each path", "learned", "what is made of each path")
_SOURCE = ("image", _PIXELS, "symbols", "I/Q of each position, before all are levelled to unit mean energy")
_READ = ("symbols", "I/Q of each UE and position, detected", "logits", "class logits")
_WHOLE = ("images", f"{_PIXELS}, RGB and thermal", "logits", "class logits")


class _Single(nn.Module):
    """A network under a signature that a capture can read: parts are called with any number of tensors."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, given: Tensor) -> Tensor:
        found: Tensor = self.net(given)
        return found


class Network(NamedTuple):
    """One network of a baseline.

    scheme: whose it is; weights: the file that it is part of; unit: its name; module: called with one tensor.
    """

    scheme: str
    weights: str
    unit: str
    module: nn.Module
    signature: Signature


def baseline_networks(params: Params, weights_file: Callable[[str], Path]) -> list[Network]:
    """Return every network of the baselines, trained; weights_file: name of trained weights -> where they lie.

    Raises:
        CscsanetError: weights are missing, or were trained under another configuration.
    """
    separated = cast(SeparatedLink, trained_link(SEPARATED, params, weights_file)[0].cpu())
    reference = cast(MfnetLink, trained_link(REFERENCE, params, weights_file)[0].cpu())
    front = cast(LearnedCsiFront, separated.front)
    estimator = front.acquisition.estimator.learned
    tokens = torch.zeros(1, params.channel.rf_chains, estimator.embed.in_features)
    found = [_network(SEPARATED, "acquisition", "ue_estimator", estimator, tokens, _PATHS)]
    for weights, units, parts in (
        ("feedback", ("ue_feedback", "bs_feedback"), feedback_parts(params, front.feedback)),
        (
            "precoding",
            ("ue_precoding", "bs_precoding"),
            precoding_parts(params, cast(DlPrecoding, front.precoding)),
        ),
        (
            "codec_link",
            ("ue_rgb_source", "ue_thermal_source", "bs_source"),
            codec_parts(params, separated.codec),
        ),
    ):
        for unit, part in zip(units, parts, strict=True):
            told = _PATHS if weights != "codec_link" else (_READ if part.end == "BS" else _SOURCE)
            found.append(_network(SEPARATED, weights, unit, part.module, part.inputs[0], told))
    (whole,) = mfnet_parts(params, reference.network)
    return [*found, _network(REFERENCE, "mfnet", "mfnet", whole.module, whole.inputs[0], _WHOLE)]


def export_network(
    network: Network, params: Params, weights_file: Callable[[str], Path], folder: Path
) -> Path:
    """Write one network as a unit, and return the file."""
    made_of = weights_file(network.weights)
    model = simplify(graph_of(f"{network.scheme} {network.unit} {params}", network.module, network.signature))
    info = unit_info(
        network.scheme,
        network.unit,
        params,
        file_digest(made_of),
        weights_origin(made_of),
        network.signature,
        sum(parameter.numel() for parameter in network.module.parameters()),
    )
    return write_unit(model, info, folder)


def _network(
    scheme_name: str,
    weights: str,
    unit: str,
    module: nn.Module,
    example: Tensor,
    told: tuple[str, str, str, str],
) -> Network:
    """Name the inputs and outputs of a network; example: an input of the right shape."""
    module = _Single(module).eval()
    with torch.inference_mode():
        given = module(example)
    takes, of_inputs, gives, of_outputs = told
    signature = Signature(
        {takes: Port((BATCH, *example.shape[1:]), "float32", of_inputs)},
        {gives: Port((BATCH, *given.shape[1:]), "float32", of_outputs)},
    )
    return Network(scheme_name, weights, unit, module, signature)
