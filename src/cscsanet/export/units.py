"""The sub-networks of CSC-SA-Net: as units, which stations run, and as parts, which are counted.

A unit is a module over real tensors. Every length is that of the largest point:

    ue_*_csi   received CSI-RS -> feedback bits, phases of F_RF[k], S_CSI,UE[k], predicted phases of the streams
    ue_*_tx    image and the outputs of ue_*_csi -> S_BB[k], rotated and scaled to the power constraint, eq. (20)
    bs_csi     feedback bits of all UEs -> phases of W_RF, S_CSI,BS
    bs_rx      received Y_BB, S_CSI,BS -> class logits

A point's L, B and Q are inputs, and what exceeds them is masked, so one graph serves every point. A part is a
network within a unit, without masks and scaling, as the paper's tables list them.

Axes: K users, N_c subcarriers, R chains, S streams, L / Q CSI-RS and data symbols, B feedback bits,
N_r / N_t antennas at BS / UE, d = d_CSI, 2 = I/Q.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from cscsanet.config.params import Params
from cscsanet.links.csc_sa_net import NomaLink, OmaLink
from cscsanet.links.semantic_layer import TrackedLayer
from cscsanet.networks import iq
from cscsanet.networks.beamspace.path_search import DetectedPaths, PathSearch
from cscsanet.networks.beamspace.ue_net import BeamspaceUe
from cscsanet.networks.bs_msf_oma_net import SHARES
from cscsanet.networks.interfaces import CsirsSignals
from cscsanet.networks.quantiser import BITS_PER_FEATURE
from cscsanet.scenes.layout import MODALITIES

UNITS = (*(f"ue_{name}_{part}" for name in MODALITIES for part in ("csi", "tx")), "bs_csi", "bs_rx")
End = Literal["UE", "BS"]
SNR_DB = -10.0  # of counted calls; no cost depends on it
_MIN_ENERGY = 1e-20  # keeps an all-zero block zero, as in `channel/transmission`


def unit_modules(link: NomaLink) -> dict[str, nn.Module]:
    """Return the module of each unit of a link with the beamspace front end, by the unit's name."""
    aligned = link.physical.alignment != "none"
    transmitter = AlignedUeTransmitter if aligned else UeTransmitter
    modules: dict[str, nn.Module] = {}
    for user, name in enumerate(MODALITIES):
        modules[f"ue_{name}_csi"] = UeCsi(link, user)
        modules[f"ue_{name}_tx"] = transmitter(link, user)
    modules["bs_csi"] = BsCsi(link)
    modules["bs_rx"] = BsReceiver(link)
    return {unit: module.eval() for unit, module in modules.items()}


class UeCsi(nn.Module):
    """Channel acquisition of one UE with the beamspace front end."""

    def __init__(self, link: NomaLink, user: int) -> None:
        super().__init__()
        physical = link.physical
        self.net = cast(BeamspaceUe, physical.ue[user])
        self.capacity = physical.capacity
        with torch.no_grad():
            csirs_signals = physical.csirs.csirs_signals(self.capacity.csirs_symbols)
        for name, signal in csirs_signals._asdict().items():
            self.register_buffer(name, signal.contiguous(), persistent=False)

    def forward(
        self,
        csirs: Tensor,
        snr_db: Tensor,
        csirs_snr_db: Tensor,
        csirs_symbols: Tensor,
        feedback_bits: Tensor,
        feedback_delay: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return bits (batch, B) uint8, phases of F (batch, N_t, S), S_CSI (batch, N_c, d), alignment (batch, Q, N_c, S).

        csirs: Y_p as pairs (batch, N_c, R, L, 2). snr_db, csirs_snr_db: (1,) float32; csirs_symbols, feedback_bits,
        feedback_delay: (1,) int64.
        """
        sent = prefix(csirs_symbols, self.capacity.csirs_symbols)
        baseband = self.get_buffer("baseband") * sent[:, None, None, None]
        csirs_signals = CsirsSignals(self.get_buffer("transmit"), baseband, self.get_buffer("receive"))
        detected = self.net.search(csirs * sent[:, None], csirs_signals)
        active = prefix(feedback_bits // BITS_PER_FEATURE, self.capacity.feedback_bits // BITS_PER_FEATURE)
        symbols = (
            torch.arange(self.capacity.data_symbols, device=csirs.device) + csirs_symbols + feedback_delay
        )
        view = self.net(
            detected,
            csirs_signals,
            snr_db.expand(csirs.shape[0]).unsqueeze(1),
            active,
            csirs_snr_db.double().squeeze(0),
            symbols,
        )
        assert view.alignment is not None
        return view.bits.to(torch.uint8), view.precoder_phases, view.csi_features, view.alignment


class UeTransmitter(nn.Module):
    """Semantic encoding at one UE: image and channel semantics to streams."""

    def __init__(self, link: NomaLink, user: int) -> None:
        super().__init__()
        semantic = link.semantic
        self.net = semantic.ue[user]
        self.capacity = semantic.capacity
        channels = list(MODALITIES.values())[user]
        mask = semantic.get_buffer("channel_mask")[:, channels].clone()
        self.register_buffer("channel_mask", mask, persistent=False)
        self.share = user if isinstance(link, OmaLink) else None
        # A UE may spend the energy of all N_c elements per symbol, or only that of its own share.
        positions = semantic.positions
        shared = isinstance(link, OmaLink) and link.energy == "element"
        self.energy_per_symbol = float(positions // len(SHARES) if shared else positions)

    def streams(self, image: Tensor, csi: Tensor, data_symbols: Tensor) -> Tensor:
        """Return unscaled streams (batch, Q, N_c, S, 2), zero from the first unused symbol on."""
        masked = image * self.get_buffer("channel_mask")
        if self.share is None:
            signal = self.net(masked, csi).transpose(1, 2)
        else:
            # The UE uses every K-th subcarrier and sends zeros on the others.
            used = self.net(masked, csi[:, SHARES[self.share]]).transpose(1, 2)
            unused = torch.zeros_like(used)
            shares = [used if share == self.share else unused for share in range(len(SHARES))]
            signal = torch.stack(shares, dim=3).flatten(2, 3)
        sent = prefix(data_symbols, self.capacity.data_symbols)
        streams: Tensor = signal * sent[:, None, None, None]
        return streams

    def within_power(self, streams: Tensor, precoder_phases: Tensor, data_symbols: Tensor) -> Tensor:
        """Scale streams so that F s has the energy of the block, eq. (20)."""
        radiated = iq.matmul(streams, iq.cis(precoder_phases).transpose(1, 2).unsqueeze(1))
        energy = radiated.square().sum(dim=(1, 2, 3, 4)).clamp_min(_MIN_ENERGY)
        scale = (data_symbols.to(streams.dtype) * self.energy_per_symbol / energy).sqrt()
        return streams * scale[:, None, None, None, None]

    def forward(self, image: Tensor, csi: Tensor, precoder_phases: Tensor, data_symbols: Tensor) -> Tensor:
        """Return S_BB as pairs (batch, Q, N_c, S, 2).

        image: (batch, channels, H, W) in [0, 1]. csi: (batch, N_c, d). precoder_phases: (batch, N_t, S) [rad].
        data_symbols: (1,) int64.
        """
        return self.within_power(self.streams(image, csi, data_symbols), precoder_phases, data_symbols)


class AlignedUeTransmitter(UeTransmitter):
    """A UE transmitter that rotates its streams so that they arrive in phase."""

    def forward(  # type: ignore[override]
        self, image: Tensor, csi: Tensor, precoder_phases: Tensor, alignment: Tensor, data_symbols: Tensor
    ) -> Tensor:
        """Return S_BB as `UeTransmitter` does, rotated by -alignment; alignment: (batch, Q, N_c, S) [rad]."""
        streams = iq.mul(self.streams(image, csi, data_symbols), iq.cis(-alignment))
        return self.within_power(streams, precoder_phases, data_symbols)


class BsCsi(nn.Module):
    """Beams of the base station, from the feedback alone."""

    def __init__(self, link: NomaLink) -> None:
        super().__init__()
        self.net = link.physical.bs
        self.capacity = link.physical.capacity

    def forward(self, bits: Tensor, snr_db: Tensor, feedback_bits: Tensor) -> tuple[Tensor, Tensor]:
        """Return phases of W (batch, R, N_r) [rad] and S_CSI (batch, N_c, d).

        bits: (batch, K, B) uint8, 0 or 1; those beyond feedback_bits have no effect. snr_db: (1,) float32;
        feedback_bits: (1,) int64.
        """
        features = self.capacity.feedback_bits // BITS_PER_FEATURE
        active = prefix(feedback_bits // BITS_PER_FEATURE, features)
        snr = snr_db.expand(bits.shape[0]).unsqueeze(1)
        view = self.net(bits.to(torch.float32), active, snr)
        return view.combiner_phases, view.csi_features


class BsReceiver(nn.Module):
    """Semantic decoding at the base station: the received signal to a segmentation."""

    def __init__(self, link: NomaLink) -> None:
        super().__init__()
        self.net = link.semantic.bs

    def forward(self, received: Tensor, csi: Tensor) -> Tensor:
        """Return logits (batch, classes, H, W) of Y_BB as pairs (batch, Q, N_c, R, 2), zero from the first unused symbol on."""
        logits: Tensor = self.net(received.transpose(1, 2), csi)
        return logits


def prefix(count: Tensor, length: int) -> Tensor:
    """Return 1 at the first `count` (1,) of `length` positions, 0 at the others; float32 (length,)."""
    return (torch.arange(length, device=count.device) < count).to(torch.float32)


@dataclass(frozen=True)
class Part:
    """A sub-network with the inputs of one call, for one image pair.

    calls: how often it is called; copies: how many sets of weights these calls use. as_graph: whether its ONNX
    graph is counted; else eager PyTorch is. shared: names a cost that parts of several groups have in common.
    unit: the name that a baseline's network is exported under.
    """

    name: str
    end: End
    module: nn.Module
    inputs: tuple[Any, ...]
    calls: int = 1
    copies: int = 1
    as_graph: bool = True
    shared: str = ""
    unit: str = ""


class Bound(nn.Module):
    """A call of a module as a module, for methods and for arguments that are no tensors."""

    def __init__(self, module: nn.Module, call: Callable[..., Any]) -> None:
        """call: (module, *tensors) -> tensors."""
        super().__init__()
        self.module = module
        self.call = call

    def forward(self, *inputs: Tensor) -> Any:
        """Return the result of the call."""
        return self.call(self.module, *inputs)


def csi_parts(link: NomaLink, params: Params) -> Iterator[Part]:
    """Return the parts from the CSI-RS to beams and channel semantics: the networks of ue_*_csi and bs_csi."""
    units, users, capacity = unit_modules(link), params.channel.users, params.points.capacity
    net = cast(UeCsi, units["ue_rgb_csi"]).net
    csirs_signals = link.physical.csirs.csirs_signals(capacity.csirs_symbols)
    snr_db = torch.full((1, 1), SNR_DB)
    active = torch.ones(capacity.feedback_bits // BITS_PER_FEATURE)
    symbols = torch.arange(capacity.data_symbols) + capacity.csirs_symbols
    yield search_part(net.search, csirs_signals, params)

    # Flat tensors, since the exporter fails on these nested tuples.
    def after_search(
        net: nn.Module, snr_db: Tensor, active: Tensor, symbols: Tensor, *tensors: Tensor
    ) -> Any:
        detected, signals = DetectedPaths(*tensors[:-3]), CsirsSignals(*tensors[-3:])
        return net(detected, signals, snr_db, active, SNR_DB, symbols)

    # Alignment changes the network of the BS alone.
    name = "UE-CSANet after the search"
    inputs = (snr_db, active, symbols, *example_paths(params), *csirs_signals)
    yield Part(name, "UE", Bound(net, after_search), inputs, calls=users, copies=users, shared=name)
    bits = torch.randint(0, 2, (1, users, capacity.feedback_bits)).float()
    yield Part("BS-CSANet", "BS", cast(BsCsi, units["bs_csi"]).net, (bits, active, snr_db))


def fusion_parts(link: NomaLink, params: Params) -> Iterator[Part]:
    """Return the parts from images to a segmentation: the networks of ue_*_tx and bs_rx."""
    semantic, channel, capacity = link.semantic, params.channel, params.points.capacity
    positions = channel.subcarriers // (len(SHARES) if isinstance(link, OmaLink) else 1)
    for net, (modality, image) in zip(semantic.ue, example_images(params), strict=True):
        csi = torch.randn(1, positions, params.csa.csi_features)
        yield Part(f"UE-MSFNet, {modality}", "UE", net, (image, csi))
    # Of tracked access it reads one estimated symbol and one confidence of each UE.
    tracked = isinstance(semantic, TrackedLayer)
    columns, confidences = (channel.users, channel.users) if tracked else (channel.rf_chains, 0)
    received = torch.randn(1, channel.subcarriers, capacity.data_symbols, columns, 2)
    csi = torch.randn(1, channel.subcarriers, params.csa.csi_features + confidences)
    yield Part("BS-MSFNet", "BS", semantic.bs, (received, csi))


def search_part(search: PathSearch, csirs_signals: CsirsSignals, params: Params) -> Part:
    """Return the path search, which CSC-SA-Net, the learned CSI acquisition and the codebook share."""
    inputs = (example_csirs(params), csirs_signals)
    return Part("path search", "UE", search, inputs, calls=params.channel.users, shared="path search")


def example_csirs(params: Params) -> Tensor:
    """Return noise in place of received CSI-RS, (1, N_c, R, L, 2)."""
    channel = params.channel
    return torch.randn(1, channel.subcarriers, channel.rf_chains, params.points.capacity.csirs_symbols, 2)


def example_paths(params: Params) -> DetectedPaths:
    """Return random numbers in place of the paths that a search detects."""
    paths, csa = params.channel.rf_chains, params.csa
    aoa, aod, delay, doppler = (torch.rand(1, paths) for _ in range(4))
    aoa_profile, aod_profile = (torch.rand(1, paths, beams) for beams in (csa.aoa_beams, csa.aod_beams))
    return DetectedPaths(aoa, aod, delay, doppler, torch.randn(1, paths, 2), aoa_profile, aod_profile)


def example_images(params: Params) -> Iterator[tuple[str, Tensor]]:
    """Return each modality with a random image (1, channels, H, W)."""
    for modality, channels in MODALITIES.items():
        size = (channels.stop - channels.start, params.scenes.height, params.scenes.width)
        yield modality, torch.rand(1, *size)
