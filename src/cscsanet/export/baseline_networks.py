"""The networks of the baselines, as parts that are counted and, trained, as units: separated designs and MFNet.

A separated design is arithmetic between networks (path search, principal components, detection; see
`cscsanet.baselines`), so there is no whole station to export. Each network is exported alone. Its inputs are
path tokens, which include the SNR, L and B, or an image, or detected symbols.

All UEs share one set of weights, except for the source encoders. Axes: K UEs, P paths, N_c subcarriers,
Q data symbols, 2 = I/Q.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from cscsanet.baselines.acquisition import Acquisition
from cscsanet.baselines.codebook import CodebookLayer, to_index
from cscsanet.baselines.feedback import FeedbackCodec
from cscsanet.baselines.front_ends import LearnedCsiFrontEnd
from cscsanet.baselines.mfnet import Mfnet, MfnetLink
from cscsanet.baselines.precoding import DlPrecoding
from cscsanet.baselines.separated_link import SeparatedLink
from cscsanet.baselines.source_codec import SourceCodec
from cscsanet.config.params import Params, digest
from cscsanet.evaluation.schemes import trained_link
from cscsanet.export.capture import graph_of
from cscsanet.export.export import shape_sections, trained_sections, unit_info, write_unit
from cscsanet.export.graph_passes import simplify
from cscsanet.export.graph_store import GraphStore
from cscsanet.export.signatures import Signature
from cscsanet.export.units import SNR_DB, Bound, End, Part, example_images, example_paths, search_part
from cscsanet.files import file_digest
from cscsanet.networks.beamspace.path_search import DetectedPaths
from cscsanet.scenes.layout import MODALITIES
from cscsanet.stations.metadata import BATCH, TensorSpec
from cscsanet.training.weights import weights_metadata

SEPARATED, REFERENCE = "dlcsi-dl", "mfnet"
_PIXELS = "pixels in [0, 1]"
# Name and meaning of the input, name and meaning of the output.
_PATHS = ("tokens", "features of each path", "learned", "learned features of each path")
_ENCODER = ("image", _PIXELS, "symbols", "I/Q of each position, before normalisation to unit mean energy")
_DECODER = ("symbols", "I/Q of each UE and position, detected", "logits", "class logits")
_MFNET = ("images", f"{_PIXELS}, RGB and thermal", "logits", "class logits")


def acquisition_parts(params: Params) -> Iterator[Part]:
    """Return the parts from CSI-RS to a UE's channel."""
    acquisition, capacity = Acquisition(params), params.points.capacity
    yield search_part(acquisition.search, acquisition.csirs.csirs_signals(capacity.csirs_symbols), params)

    def estimate(net: nn.Module, *detected: Tensor) -> Any:
        return net(DetectedPaths(*detected), SNR_DB, capacity.csirs_symbols)

    estimator = Bound(acquisition.estimator, estimate)
    yield Part("estimator", "UE", estimator, tuple(example_paths(params)), calls=params.channel.users)


def feedback_parts(params: Params, trained: FeedbackCodec | None = None) -> Iterator[Part]:
    """Return the networks from a UE's channel to B bits and back; the digits between them are no network."""
    codec, users, paths = trained or FeedbackCodec(params), params.channel.users, params.channel.rf_chains
    ends: tuple[tuple[str, End, str, Any], ...] = (
        ("encoder", "UE", "ue_feedback", codec.encoder),
        ("decoder", "BS", "bs_feedback", codec.decoder),
    )
    for name, end, unit, net in ends:
        tokens = torch.randn(1, paths, net.embed.in_features)
        yield Part(f"feedback {name}", end, net, (tokens,), calls=users, unit=unit)


def precoding_parts(params: Params, trained: DlPrecoding | None = None) -> Iterator[Part]:
    """Return the networks that reweight paths after the principal components, which are counted by formula."""
    precoding, users, paths = trained or DlPrecoding(params), params.channel.users, params.channel.rf_chains
    ends: tuple[tuple[End, str, Any, int, int], ...] = (
        ("UE", "ue_precoding", precoding.ue, paths, users),
        ("BS", "bs_precoding", precoding.bs, users * paths, 1),
    )
    for end, unit, net, num_tokens, calls in ends:
        tokens = torch.randn(1, num_tokens, net.embed.in_features)
        yield Part(f"precoding network, {end}", end, net, (tokens,), calls=calls, unit=unit)


def codec_parts(params: Params, trained: SourceCodec | None = None) -> Iterator[Part]:
    """Return the networks of the source codec: images to symbols, and detected symbols to a segmentation."""
    codec, capacity = trained or SourceCodec(params), params.points.capacity

    def encode(nets: nn.Module, image: Tensor) -> Any:
        encoder, to_symbols = cast(nn.ModuleList, nets)
        return to_symbols(encoder(image).flatten(2).transpose(1, 2))

    for encoder, to_symbols, (modality, image) in zip(
        codec.encoders, codec.to_symbols, example_images(params), strict=True
    ):
        net = Bound(nn.ModuleList((encoder, to_symbols)), encode)
        yield Part(f"source encoder, {modality}", "UE", net, (image,), unit=f"ue_{modality}_source")

    def decode(nets: nn.Module, symbols: Tensor) -> Any:
        from_symbols, decoder = cast(nn.ModuleList, nets)
        features = [net(symbols[:, user]) for user, net in enumerate(cast(nn.ModuleList, from_symbols))]
        together = torch.cat(features, dim=-1)
        semantics = nn.functional.rms_norm(together, together.shape[1:]).transpose(1, 2)
        return decoder(semantics.reshape(*semantics.shape[:2], *codec.latent_shape))

    symbols = torch.randn(1, len(MODALITIES), params.channel.subcarriers, 2 * capacity.data_symbols)
    net = Bound(nn.ModuleList((codec.from_symbols, codec.decoder)), decode)
    yield Part("source decoder", "BS", net, (symbols,), unit="bs_source")


def mfnet_parts(params: Params, trained: Mfnet | None = None) -> Iterator[Part]:
    """Return MFNet on raw images."""
    images = torch.rand(1, 4, params.scenes.height, params.scenes.width)
    yield Part("MFNet", "BS", trained or Mfnet(len(params.scenes.class_list)), (images,), unit="mfnet")


def codebook_parts(params: Params) -> Iterator[Part]:
    """Return the codebook baseline: path search, indices and steering vectors, with the strategy `path`.

    Only the search has a graph: the rest computes with complex numbers, which ONNX does not have.
    """
    channel, capacity = params.channel, params.points.capacity
    layer = CodebookLayer(channel, params.csa, capacity.csirs_symbols)
    yield search_part(layer.search, layer.csirs.csirs_signals(capacity.csirs_symbols), params)
    reported, width = layer.bit_allocation(capacity.feedback_bits, "path")

    def ue_beams(_: nn.Module, *detected: Tensor) -> Any:
        paths = DetectedPaths(*detected)
        return to_index(paths.aoa, width), layer.precoder(paths, "path")

    def bs_beams(_: nn.Module, bits: Tensor) -> Any:
        return layer.combiner(bits, reported, width)

    # Bound to an empty module: the tables of the layer belong to the search, and are counted there.
    ue, bs = Bound(nn.Identity(), ue_beams), Bound(nn.Identity(), bs_beams)
    paths = tuple(example_paths(params))
    yield Part("codebook beams, UE", "UE", ue, paths, calls=channel.users, as_graph=False)
    bits = torch.randint(0, 2, (1, channel.users, reported * width)).float()
    yield Part("codebook beams, BS", "BS", bs, (bits,), as_graph=False)


class Network(NamedTuple):
    """One trained network of a baseline.

    scheme: the scheme that it is exported with. weights: name of the file of its weights. unit: its name.
    module: called with one tensor.
    """

    scheme: str
    weights: str
    unit: str
    module: nn.Module
    signature: Signature


def baseline_networks(params: Params, weights_file: Callable[[str], Path]) -> list[Network]:
    """Return every network of the baselines, trained; weights_file: name of trained weights -> their path.

    Raises:
        CscsanetError: weights are missing, or were trained under another configuration.
    """
    separated = cast(SeparatedLink, trained_link(SEPARATED, params, weights_file)[0].cpu())
    reference = cast(MfnetLink, trained_link(REFERENCE, params, weights_file)[0].cpu())
    front_end = cast(LearnedCsiFrontEnd, separated.front)
    estimator = front_end.acquisition.estimator.learned
    tokens = torch.zeros(1, params.channel.rf_chains, estimator.embed.in_features)
    precoding = cast(DlPrecoding, front_end.precoding)
    networks = [_network(SEPARATED, "acquisition", Part("", "UE", estimator, (tokens,), unit="ue_estimator"))]
    for weights, parts in (
        ("feedback", feedback_parts(params, front_end.feedback)),
        ("precoding", precoding_parts(params, precoding)),
        ("codec_link", codec_parts(params, separated.codec)),
    ):
        networks += [_network(SEPARATED, weights, part) for part in parts]
    networks += [_network(REFERENCE, "mfnet", part) for part in mfnet_parts(params, reference.network)]
    return networks


def export_network(
    network: Network, params: Params, weights_file: Callable[[str], Path], folder: Path, graphs: GraphStore
) -> Path:
    """Write one network as a unit, and return the file. graphs: takes and keeps captured graphs."""
    weights = weights_file(network.weights)
    key = f"{network.scheme} {network.unit} {digest(shape_sections(params))}"
    model = simplify(graph_of(graphs, key, network.module, network.signature))
    metadata = weights_metadata(weights)
    info = unit_info(
        network.scheme,
        network.unit,
        trained_sections(metadata),
        file_digest(weights),
        metadata["origin"],
        network.signature,
        sum(parameter.numel() for parameter in network.module.parameters()),
    )
    return write_unit(model, info, folder)


def _network(scheme: str, weights: str, part: Part) -> Network:
    """Name the input and the output of a part."""
    module = _SingleInput(part.module).eval()
    (example,) = part.inputs
    with torch.inference_mode():
        output = module(example)
    names = {"bs_source": _DECODER, "ue_rgb_source": _ENCODER, "ue_thermal_source": _ENCODER, "mfnet": _MFNET}
    input_name, input_meaning, output_name, output_meaning = names.get(part.unit, _PATHS)
    signature = Signature(
        {input_name: TensorSpec((BATCH, *example.shape[1:]), "float32", input_meaning)},
        {output_name: TensorSpec((BATCH, *output.shape[1:]), "float32", output_meaning)},
    )
    return Network(scheme, weights, part.unit, module, signature)


class _SingleInput(nn.Module):
    """A network with exactly one input, as a capture needs: `Bound` takes any number of tensors."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, tensor: Tensor) -> Tensor:
        output: Tensor = self.net(tensor)
        return output
