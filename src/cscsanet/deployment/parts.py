"""The sub-networks of every scheme as single calls, with inputs of the sizes that they meet: what can be counted, or exported.

What a scheme consists of stands in `complexity`. A part is called for one image pair; `calls` is how often, `copies` for how many
of these calls there are weights of their own. Where no trained network is given, an untrained one costs as much.

Axes: K UEs, P paths, N_c subcarriers, N_RF chains, L CSI-RS symbols, Q data symbols, B feedback bits, 2 = I/Q.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from cscsanet.links.alignment import Alignment
from cscsanet.links.orthogonal_layer import OrthogonalLayer
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.links.semantic_layer import MODALITIES, SemanticLayer
from cscsanet.networks.path_search import FoundPaths, PathSearch, Sounding
from cscsanet.networks.quantiser import BITS_PER_FEATURE
from cscsanet.networks.subcarrier_shares import SHARES
from cscsanet.params import Params
from cscsanet.separated.acquisition import Acquisition
from cscsanet.separated.codec import SourceCodec
from cscsanet.separated.feedback import FeedbackCodec
from cscsanet.separated.mfnet import Mfnet
from cscsanet.separated.precoding import DlPrecoding

End = Literal["UE", "BS"]
SNR_DB = -10.0  # of the calls; no cost depends on it


@dataclass(frozen=True)
class Part:
    """module: called with inputs; as_graph: whether it is exported to ONNX and counted there, or in eager PyTorch alone."""

    name: str
    end: End
    module: nn.Module
    inputs: tuple[Any, ...]
    calls: int = 1
    copies: int = 1
    as_graph: bool = True


class Bound(nn.Module):
    """A call of a module as a module, for methods and for arguments that are no tensors."""

    def __init__(self, module: nn.Module, call: Callable[..., Any]) -> None:
        """call: (module, *tensors) -> tensors."""
        super().__init__()
        self.module = module
        self.call = call

    def forward(self, *inputs: Tensor) -> Any:
        """Call it."""
        return self.call(self.module, *inputs)


def csi_parts(params: Params, alignment: Alignment = "none") -> Iterator[Part]:
    """CSI-RS to beams and channel semantics, with the front that `csa.front` names; what is sent as CSI-RS is a table."""
    channel, capacity, users = params.channel, params.points.capacity, params.channel.users
    layer = PhysicalLayer(params, alignment)
    received = torch.randn(1, channel.subcarriers, channel.rf_chains, capacity.csirs_symbols, 2)
    bits = torch.randint(0, 2, (1, users, capacity.feedback_bits)).float()
    active = torch.ones(capacity.feedback_bits // BITS_PER_FEATURE)
    yield Part("CSI-RS signals", "BS", Bound(layer.csirs, _nothing), (received,), as_graph=False)
    if params.csa.front == "subcarrier":
        yield Part("UE-CSANet", "UE", layer.ue[0], (received,), calls=users, copies=users)
        yield Part("BS-CSANet", "BS", layer.bs, (bits, active))
        return
    snr_db = torch.full((1, 1), SNR_DB)
    sounding = layer.csirs.sounding(capacity.csirs_symbols)
    symbols = torch.arange(capacity.data_symbols) + capacity.csirs_symbols
    net = cast(Any, layer.ue[0])
    yield _search(params, net.search, received, sounding)
    inputs = (_found(params), sounding, snr_db, active, SNR_DB, symbols)
    yield Part("UE-CSANet after the search", "UE", net, inputs, calls=users, copies=users, as_graph=False)
    yield Part("BS-CSANet", "BS", layer.bs, (bits, active, snr_db), as_graph=False)


def fusion_parts(params: Params, access: Literal["noma", "oma"]) -> Iterator[Part]:
    """Images and channel semantics to baseband signals, and received signals to a segmentation."""
    layer = SemanticLayer(params) if access == "noma" else OrthogonalLayer(params)
    channel, capacity = params.channel, params.points.capacity
    positions = channel.subcarriers if access == "noma" else channel.subcarriers // len(SHARES)
    for net, (modality, image) in zip(layer.ue, _images(params), strict=True):
        csi = torch.randn(1, positions, params.csa.csi_features)
        yield Part(f"UE-MSFNet, {modality}", "UE", net, (image, csi))
    received = torch.randn(1, channel.subcarriers, capacity.data_symbols, channel.rf_chains, 2)
    csi = torch.randn(1, channel.subcarriers, params.csa.csi_features)
    yield Part("BS-MSFNet", "BS", layer.bs, (received, csi))


def acquisition_parts(params: Params) -> Iterator[Part]:
    """CSI-RS to a UE's channel; all UEs share the estimator."""
    acquisition, capacity = Acquisition(params), params.points.capacity
    channel, users = params.channel, params.channel.users
    received = torch.randn(1, channel.subcarriers, channel.rf_chains, capacity.csirs_symbols, 2)
    sounding = acquisition.csirs.sounding(capacity.csirs_symbols)
    yield _search(params, acquisition.search, received, sounding)

    def estimate(net: nn.Module, *found: Tensor) -> Any:
        return net(FoundPaths(*found), SNR_DB, capacity.csirs_symbols)

    yield Part("estimator", "UE", Bound(acquisition.estimator, estimate), tuple(_found(params)), calls=users)


def feedback_parts(params: Params, trained: FeedbackCodec | None = None) -> Iterator[Part]:
    """A UE's channel to B bits and back: the networks; the digits that they move are elements. All UEs share both."""
    codec, users, paths = trained or FeedbackCodec(params), params.channel.users, params.channel.rf_chains
    for name, end, net in (("encoder", "UE", codec.encoder), ("decoder", "BS", codec.decoder)):
        inputs = (torch.randn(1, paths, net.embed.in_features),)
        yield Part(f"feedback {name}", cast(End, end), net, inputs, calls=users)


def precoding_parts(params: Params, trained: DlPrecoding | None = None) -> Iterator[Part]:
    """What weighs paths anew after the principal components, which are counted by formula."""
    precoding, users, paths = trained or DlPrecoding(params), params.channel.users, params.channel.rf_chains
    for end, net, tokens, calls in (
        ("UE", precoding.ue, paths, users),
        ("BS", precoding.bs, users * paths, 1),
    ):
        inputs = (torch.randn(1, tokens, net.embed.in_features),)
        yield Part(f"precoding network, {end}", cast(End, end), net, inputs, calls=calls)


def codec_parts(params: Params, trained: SourceCodec | None = None) -> Iterator[Part]:
    """The source codec of the separated designs, from images to symbols and from detected symbols to a segmentation."""
    codec, capacity = trained or SourceCodec(params), params.points.capacity

    def encode(encoder: nn.Module, image: Tensor) -> Any:
        convolved, to_symbols = cast(nn.ModuleList, encoder)
        return to_symbols(convolved(image).flatten(2).transpose(1, 2))

    for convolved, to_symbols, (modality, image) in zip(
        codec.encoders, codec.to_symbols, _images(params), strict=True
    ):
        encoder = Bound(nn.ModuleList((convolved, to_symbols)), encode)
        yield Part(f"source encoder, {modality}", "UE", encoder, (image,))

    def decode(decoder: nn.Module, symbols: Tensor) -> Any:
        read, convolved = cast(nn.ModuleList, decoder)
        features = [net(symbols[:, user]) for user, net in enumerate(cast(nn.ModuleList, read))]
        together = torch.cat(features, dim=-1)
        levelled = nn.functional.rms_norm(together, together.shape[1:]).transpose(1, 2)
        return convolved(levelled.reshape(*levelled.shape[:2], *codec.latent_shape))

    symbols = torch.randn(1, len(MODALITIES), params.channel.subcarriers, 2 * capacity.data_symbols)
    yield Part(
        "source decoder", "BS", Bound(nn.ModuleList((codec.from_symbols, codec.decoder)), decode), (symbols,)
    )


def mfnet_parts(params: Params, trained: Mfnet | None = None) -> Iterator[Part]:
    """MFNet on raw images."""
    yield Part(
        "MFNet", "BS", trained or Mfnet(), (torch.rand(1, 4, params.scenes.height, params.scenes.width),)
    )


def _search(params: Params, search: PathSearch, received: Tensor, sounding: Sounding) -> Part:
    # Unrolled, it is a graph of ten thousand nodes, which takes minutes to trace.
    return Part("path search", "UE", search, (received, sounding), calls=params.channel.users, as_graph=False)


def _found(params: Params) -> FoundPaths:
    paths, csa = params.channel.rf_chains, params.csa
    places = (torch.rand(1, paths) for _ in range(4))
    profiles = (torch.rand(1, paths, beams) for beams in (csa.aoa_beams, csa.aod_beams))
    aoa, aod, delay, doppler = places
    aoa_profile, aod_profile = profiles
    return FoundPaths(aoa, aod, delay, doppler, torch.randn(1, paths, 2), aoa_profile, aod_profile)


def _images(params: Params) -> Iterator[tuple[str, Tensor]]:
    for modality, seen in MODALITIES.items():
        yield modality, torch.rand(1, seen.stop - seen.start, params.scenes.height, params.scenes.width)


def _nothing(module: nn.Module, received: Tensor) -> Tensor:
    return received
