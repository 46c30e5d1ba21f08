"""The parts that the schemes consist of, by group; `config/schemes` lists the groups of each scheme.

Networks that are units come from `export`; the rest is here: the CSI-RS table, and the paper's subcarrier front
end, which is not exported. Untrained networks are counted, as weights do not change the cost.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any, cast

import torch
from torch import Tensor, nn

from cscsanet.baselines.digital.bit_codec import BitCodec
from cscsanet.baselines.digital.bit_prior import BitPrior
from cscsanet.config.left_out import EXPORTED_READER
from cscsanet.config.params import Params
from cscsanet.export import units
from cscsanet.export.baseline_networks import (
    acquisition_parts,
    codebook_parts,
    codec_parts,
    feedback_parts,
    mfnet_parts,
    precoding_parts,
)
from cscsanet.export.units import Bound, End, Part, example_csirs, example_images, fusion_parts
from cscsanet.links.alignment import Alignment
from cscsanet.links.csc_sa_net import NomaLink, noma, oma
from cscsanet.links.tracked import noma_tracked
from cscsanet.networks.quantiser import BITS_PER_FEATURE
from cscsanet.scenes.layout import MODALITIES


def csi_groups(params: Params) -> Iterator[tuple[str, Iterator[Part]]]:
    """Return the groups that depend on the front end `csa.front`."""
    yield "csi", csi_parts(params)
    if params.csa.front == "beamspace":
        yield "csi aligned", csi_parts(params, "learned")


def other_groups(params: Params) -> Iterator[tuple[str, Iterator[Part]]]:
    """Return all other groups."""
    for group, link in (("fusion", noma(params)), ("fusion oma", oma(params))):
        yield group, chain(_mixing_parts(link, params), fusion_parts(link, params))
    if params.csa.front == "beamspace":
        yield "fusion tracked", fusion_parts(noma_tracked(params), params)
    yield "acquisition", acquisition_parts(params)
    yield "feedback", feedback_parts(params)
    yield "precoding", precoding_parts(params)
    yield "codec", codec_parts(params)
    yield "bits", bit_parts(params)
    yield "codebook", codebook_parts(params)
    yield "mfnet", mfnet_parts(params)


def csi_parts(params: Params, alignment: Alignment = "none") -> Iterator[Part]:
    """Return the parts from CSI-RS to beams and channel semantics, with the front end `csa.front`."""
    link = noma(params, alignment)
    # The CSI-RS are a table: sending them computes nothing.
    csirs = Bound(link.physical.csirs, _received)
    yield Part("CSI-RS signals", "BS", csirs, (example_csirs(params),), as_graph=False)
    yield from (
        units.csi_parts(link, params) if params.csa.front == "beamspace" else _subcarrier_parts(link, params)
    )


def bit_parts(params: Params) -> Iterator[Part]:
    """Return the networks of digital late fusion: images to bits, their probabilities at both ends, and bits to masks.

    An arithmetic decoder needs the probability of a bit after the bits before it. The network is counted once, since
    no feature of an earlier bit changes: a decoder that keeps them spends no more than one pass, in many small steps.
    Counted as it computes, with the weights that its masks make zero. The channel code is not counted.
    """
    codec, prior, bits = BitCodec(params), BitPrior(params), params.digital.planes

    def encode(nets: nn.Module, image: Tensor) -> Any:
        encoder, to_bits = cast(nn.ModuleList, nets)
        return to_bits(encoder(image).flatten(2).transpose(1, 2)).sign()

    encoders = zip(codec.encoders, codec.to_symbols, example_images(params), strict=True)
    for encoder, to_bits, (modality, image) in encoders:
        yield Part(
            f"bit encoder, {modality}", "UE", Bound(nn.ModuleList((encoder, to_bits)), encode), (image,)
        )
    signs = torch.randint(0, 2, (1, bits, *prior.latent_shape)).float() * 2 - 1
    ends: tuple[End, End] = ("UE", "BS")
    for end in ends:
        for modality, net in zip(MODALITIES, prior.ue, strict=True):
            # Both ends have the same weights, which count once.
            copies = 1 if end == "UE" else 0
            yield Part(f"probabilities of the bits, {modality}, {end}", end, net, (signs,), copies=copies)
    received = signs.flatten(2).unsqueeze(1).repeat(1, len(MODALITIES), 1, 1)
    yield Part("bit decoder", "BS", Bound(codec, _fused), (received,))


def _mixing_parts(link: NomaLink, params: Params) -> Iterator[Part]:
    """Return what the BS does with a block before BS-MSFNet, with another `joint.reader` than the paper's."""
    if params.joint.reader != EXPORTED_READER:
        shape = (
            1,
            params.channel.subcarriers,
            params.points.capacity.data_symbols,
            params.channel.rf_chains,
            2,
        )
        yield Part("block mixing", "BS", link.mixing, (torch.randn(shape),))


def _subcarrier_parts(link: NomaLink, params: Params) -> Iterator[Part]:
    users, feedback_bits = params.channel.users, params.points.capacity.feedback_bits
    net = link.physical.ue[0]
    yield Part("UE-CSANet", "UE", net, (example_csirs(params),), calls=users, copies=users)
    bits = torch.randint(0, 2, (1, users, feedback_bits)).float()
    yield Part("BS-CSANet", "BS", link.physical.bs, (bits, torch.ones(feedback_bits // BITS_PER_FEATURE)))


def _fused(codec: nn.Module, signs: Tensor) -> Tensor:
    return cast(BitCodec, codec).fuse(signs)


def _received(_: nn.Module, received: Tensor) -> Tensor:
    return received
