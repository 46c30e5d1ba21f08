# %% [markdown]
# # Your own scheme against the baselines
#
# A scheme is one class. This notebook writes one in twenty lines, and measures it with the function
# that measures the schemes of the package: the same frames, the same channels, the same seeds of
# the noise, the same energy.
#
# The scheme is a question: **how much of the result is due to the beams, and how much to the
# phases?** The semantic codec is the one of Stage I, which was trained over an error-free link. It
# stays as it is. Only the physical layer changes.

# %%
import math

import matplotlib.pyplot as plt
import torch

import cscsanet
from cscsanet import phy

# %% [markdown]
# ## The scheme
#
# A `Link` maps images, channel paths and an operating point to a `Transmission`. All randomness
# comes from the generator.
#
# - `encode` gives the symbols of both cars, (batch, K, Q, N_c, streams).
# - `normalise_block` scales them to the energy of a block, eq. (20). An evaluation refuses more.
# - `uplink` adds both signals in the air, adds the noise at the antennas, and applies the combiner.
# - `decode` turns the received block into class logits.


# %%
class FixedBeams(cscsanet.Link):
    """The codec of Stage I between beams of a rule. aligned: whether the streams arrive in phase, by a genie."""

    def __init__(self, rule, aligned=False):
        super().__init__()
        trained = cscsanet.load("noma-stage2")
        self.semantic = trained.network.semantic
        self.channel = trained.channel
        self.rule = rule
        self.aligned = aligned

    def forward(self, images, paths, point, generator):
        precoder, combiner = self.rule(paths, self.channel, generator)
        ue_csi, bs_csi = self.semantic.no_csi(len(images), images.device)
        streams = self.semantic.encode(images, ue_csi, point.data_symbols)
        # CSI-RS take the first symbols of the frame, data the following ones.
        symbols = point.csirs_symbols + torch.arange(point.data_symbols)
        if self.aligned:
            gains = phy.stream_gains(paths, precoder, combiner, symbols, self.channel)
            streams = streams * torch.polar(torch.ones_like(gains.real), -gains.angle())
        streams = phy.normalise_block(streams, precoder)
        received = phy.uplink(
            paths, precoder, combiner, streams, symbols, point.noise_power, self.channel, generator
        )
        return cscsanet.Transmission(self.semantic.decode(received, bs_csi), streams, precoder, combiner)


# %% [markdown]
# ## Two rules for the beams
#
# Random beams need no feedback at all. Beams along the true paths know the channel perfectly:
# stream and chain i are on the i-th strongest path.


# %%
def random_beams(paths, channel, generator):
    """Return random phases: F (batch, K, N_t, streams) and W (batch, chains, N_r)."""
    batch, users = len(paths), channel.users

    def phases(*shape):
        drawn = 2 * math.pi * torch.rand(batch, *shape, generator=generator)
        return torch.polar(torch.ones_like(drawn), drawn)

    return (
        phases(users, channel.ue_antennas, channel.rf_chains),
        phases(channel.rf_chains, channel.bs_antennas),
    )


def beams_on_paths(paths, channel, generator):
    """Return steering vectors at the true paths."""
    return phy.chain_per_path(paths, channel)


# %% [markdown]
# ## The comparison
#
# All links are measured at one operating point. `evaluate_link` is for schemes of yours, `evaluate`
# for trained ones. Both use the same drops by default.
#
# A comparison is fair at equal resource elements. Separated designs such as `dlcsi-pca` send pilots
# (DMRS) beside their payload, a quarter of their elements. So three of their data symbols fill the
# block that four symbols of the others fill.

# %%
scenes = cscsanet.render_scenes(40, seed=2000)
point = {"snr_db": -10, "csirs_symbols": 8, "data_symbols": 4}

results = [
    cscsanet.evaluate_link(FixedBeams(random_beams), scenes, name="random beams", **point),
    cscsanet.evaluate_link(FixedBeams(random_beams, aligned=True), scenes, name="random, in phase", **point),
    cscsanet.evaluate_link(FixedBeams(beams_on_paths), scenes, name="beams on paths", **point),
    cscsanet.evaluate_link(
        FixedBeams(beams_on_paths, aligned=True), scenes, name="on paths, in phase", **point
    ),
    *(cscsanet.load(name).evaluate(scenes, **point) for name in ("noma-stage2", "noma", "noma-tracked")),
    cscsanet.load("dlcsi-pca").evaluate(scenes, **{**point, "data_symbols": 3}),
    cscsanet.load("ideal").evaluate(scenes, data_symbols=4),
]
for result in results:
    rate = "    -" if result.spectral_efficiency is None else f"{result.spectral_efficiency:5.2f}"
    print(
        f"{result.scheme:20s} mIoU {result.miou:.3f} [{result.low:.3f}, {result.high:.3f}]  {rate} bit/s/Hz"
    )

# %%
figure, axis = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
height = range(len(results))
axis.barh(
    height,
    [result.miou for result in results],
    xerr=[
        [result.miou - result.low for result in results],
        [result.high - result.miou for result in results],
    ],
    color=["#D55E00"] * 4 + ["#0072B2"] * 4 + ["#333333"],
    error_kw={"elinewidth": 1},
)
axis.set_yticks(height, [result.scheme for result in results])
axis.invert_yaxis()
axis.axvline(results[0].floor, color="#777777", linestyle=":")
axis.set_xlabel("mIoU at -10 dB, dotted: every pixel unlabelled")
plt.show()

# %% [markdown]
# ## What it shows
#
# - Good beams alone are not enough. With beams on the true paths the spectral efficiency is high,
#   and the mask is still close to the floor, since the symbols arrive with phases that nobody
#   corrects.
# - The same beams with aligned phases give most of the result, although codec and physical layer
#   never saw each other.
# - A trained `noma-stage2` has nearly the same problem, with learned beams. Joint training (`noma`)
#   solves a part of it, and phase tracking (`noma-tracked`) most of it.
#
# The phases here are a genie's. `docs/phase-alignment.md` describes what a real UE can know of
# them.

# %% [markdown]
# ## A budget is a budget
#
# More energy than the point allows is refused, so no scheme wins by accident.


# %%
class TooLoud(FixedBeams):
    """The same scheme with twice the energy."""

    def forward(self, *arguments):
        sent = super().forward(*arguments)
        return cscsanet.Transmission(sent.logits, math.sqrt(2) * sent.streams, sent.precoder, sent.combiner)


try:
    cscsanet.evaluate_link(TooLoud(random_beams), scenes, **point)
except cscsanet.CscsanetError as error:
    print(error)

# %% [markdown]
# `docs/extending.md` adds a scheme to the project itself, with its row in every table and figure.
