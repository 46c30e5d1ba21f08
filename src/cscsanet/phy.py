"""Building blocks of the physical layer, from one place: channel, CSI-RS, path search, feedback, precoders, bounds, measures.

Every block is a function or a `torch.nn.Module` of tensors. `channel_params()` gives the sizes that most of them ask for.

    >>> import torch
    >>> from cscsanet import phy
    >>> channel = phy.channel_params(subcarriers=16)
    >>> paths = phy.draw_paths(3, channel, torch.Generator().manual_seed(1))
    >>> phy.fully_digital(paths, snr=0.1, symbols=torch.arange(1), params=channel).shape
    torch.Size([3, 2])
"""

from typing import Any

from cscsanet.api.parameters import changed_channel, shipped_params
from cscsanet.baselines.path_channel import CsiAccuracy, csi_accuracy, true_channel
from cscsanet.baselines.pca import hybrid_beams
from cscsanet.channel.bounds import chain_per_path, chain_per_user, fully_digital, genie_hybrid, hybrid_sum
from cscsanet.channel.multiuser.downlink import rzf, sum_spectral_efficiency, wmmse
from cscsanet.channel.noise import combined_noise, complex_normal
from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.channel.power import normalise_block
from cscsanet.channel.response import downlink_csirs, effective_channel, materialise, path_response
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.channel.steering import steering
from cscsanet.channel.transmission import superpose, uplink
from cscsanet.config.system import ChannelParams
from cscsanet.links.alignment import coherence, stream_gains
from cscsanet.links.physical_layer import csirs_noise_power
from cscsanet.metrics.bootstrap import bootstrap_interval
from cscsanet.metrics.segmentation import confusion, iou_per_class, miou
from cscsanet.networks.beamspace.path_search import DetectedPaths, PathSearch
from cscsanet.networks.beamspace.phase_prediction import chain_response, stream_responses
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.networks.interfaces import CsirsSignals, PathEstimates
from cscsanet.networks.quantiser import dequantise, quantise

__all__ = [
    "BsCsirsNet",
    "ChannelParams",
    "CsiAccuracy",
    "CsirsSignals",
    "DetectedPaths",
    "PathDrops",
    "PathEstimates",
    "PathSearch",
    "bootstrap_interval",
    "chain_per_path",
    "chain_per_user",
    "chain_response",
    "channel_params",
    "coherence",
    "combined_noise",
    "complex_normal",
    "confusion",
    "csi_accuracy",
    "csirs_noise_power",
    "dequantise",
    "downlink_csirs",
    "draw_paths",
    "effective_channel",
    "fully_digital",
    "genie_hybrid",
    "hybrid_beams",
    "hybrid_sum",
    "iou_per_class",
    "materialise",
    "miou",
    "normalise_block",
    "path_response",
    "quantise",
    "rzf",
    "spectral_efficiency",
    "steering",
    "stream_gains",
    "stream_responses",
    "sum_spectral_efficiency",
    "superpose",
    "true_channel",
    "uplink",
    "wmmse",
]


def channel_params(**changes: Any) -> ChannelParams:
    """Return the channel that the models of the package were trained for, with other values.

    changes: keys of the section `channel` of params.yaml, such as `subcarriers=16`.

    >>> channel_params(paths=4).paths
    4

    Raises:
        CscsanetError: there is no such key, or a value is out of range.
    """
    return changed_channel(shipped_params().channel, changes)
