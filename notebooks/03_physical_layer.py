# %% [markdown]
# # The physical layer by itself
#
# `cscsanet.phy` has the building blocks: channel, CSI-RS, path search, feedback, precoders, bounds
# and measures. Each is a function or a module of tensors. Nothing here sends a picture.
#
# Axes: N drops, K UEs, L_p paths, T OFDM symbols, N_c subcarriers, N_r / N_t antennas at BS / UE, L
# CSI-RS symbols.

# %%
import matplotlib.pyplot as plt
import torch

import cscsanet
from cscsanet import phy

generator = torch.Generator().manual_seed(7)

# %% [markdown]
# ## Channels
#
# A drop is the set of its paths, eq. (6): complex gain, angles at both ends, delay and Doppler
# shift. The matrix H follows from them, and most blocks never compute it.

# %%
channels = cscsanet.draw_channels(100, seed=3)
params = channels.params
print(channels)
print("paths:", tuple(channels.paths.gain.shape), "H:", tuple(channels[0].matrix().shape))

# %%
response = channels[0].matrix()[0, 0, 0].abs()  # of the first UE, in the first symbol, (N_c, N_r, N_t)
figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
axes[0].plot(response[:, 0, 0])
axes[0].set(xlabel="subcarrier", ylabel="|H|", title="one pair of antennas")
# The DFT over the BS antennas shows from where the paths arrive.
spectrum = torch.fft.fftshift(torch.fft.fft(channels[0].matrix()[0, 0, 0, 0, :, 0], n=512)).abs()
axes[1].plot(torch.linspace(-1, 1, 512), spectrum)
for sine in torch.sin(channels.paths.aoa[0, 0]):
    axes[1].axvline(float(sine), color="#D55E00", linestyle=":")
axes[1].set(xlabel="sine of the angle of arrival", title="beams of the BS (dotted: true paths)")
plt.show()

# %% [markdown]
# ## CSI-RS and path search
#
# The BS sends L known symbols. A UE searches for paths in what it receives, with a matched filter
# over directions and delays. Here the CSI-RS are the learned ones of a trained link.

# %%
link = cscsanet.load("noma-aligned")
csirs = link.network.physical.csirs
search = phy.PathSearch(params, aoa_beams=256, aod_beams=32)


def detect(snr_db, symbols, seed=1):
    """Return the detected paths of all UEs, one batch of N K. snr_db: at an antenna of a UE."""
    source = torch.Generator().manual_seed(seed)
    with torch.inference_mode():
        received = csirs(channels.paths, symbols, 10 ** (-snr_db / 10), source)
        return search(received.flatten(0, 1)[..., :symbols, :], csirs.csirs_signals(symbols))


def estimates(detected):
    """Return the detected paths as an estimate of the channel at symbol 0."""
    return phy.PathEstimates(detected.aoa, detected.aod, detected.delay, detected.doppler, detected.gain)


detected = detect(snr_db=-5, symbols=8)
truth = phy.true_channel(channels.paths, 1, params)
print("first drop, first UE")
print("sines of arrival, detected", detected.aoa[0].numpy().round(3), "true", truth.aoa[0].numpy().round(3))
print(
    "delays [samples], detected", detected.delay[0].numpy().round(2), "true", truth.delay[0].numpy().round(2)
)

# %%
lengths = (1, 2, 4, 8)
figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
for snr_db in (-15, -5, 5):
    similarity = []
    for symbols in lengths:
        accuracy = phy.csi_accuracy(estimates(detect(snr_db, symbols)), truth, params)
        similarity.append(float(accuracy.sgcs.mean()))
    axis.plot(lengths, similarity, marker="o", label=f"{snr_db} dB at a UE")
axis.set(xlabel="CSI-RS symbols L", ylabel="SGCS with the true channel", ylim=(0, 1))
axis.legend()
plt.show()

# %% [markdown]
# ## Feedback
#
# A feature in (0, 1) becomes two bits, and comes back as the centre of its interval. The gradient
# passes straight through.

# %%
features = torch.tensor([0.05, 0.3, 0.62, 0.99], requires_grad=True)
bits = phy.quantise(features)
print("bits      ", bits.detach().int().tolist())
restored = phy.dequantise(bits)
print("read back ", restored.detach().tolist())
restored.sum().backward()
print("gradient  ", features.grad.tolist())

# %% [markdown]
# ## Precoders and bounds
#
# Four answers to one question: what can be sent over these channels? All have unit-modulus beams
# but the bound.
#
# - `hybrid_beams`: principal directions of detected paths,
# - `chain_per_path`: steering vectors at the true paths,
# - `genie_hybrid`: phases optimised by gradient for each drop, with perfect CSI,
# - `fully_digital`: SVD of each UE alone, without the others. It is the bound.

# %%
snrs = (-25, -15, -5, 5)
few = channels[:24]
first = torch.arange(1)
curves = {
    name: []
    for name in ("fully digital, perfect CSI", "genie hybrid", "beams on true paths", "detected paths")
}
for snr_db in snrs:
    snr = 10 ** (snr_db / 10)
    # The BS has 20 dB more power than a UE.
    paths = estimates(detect(snr_db + params.bs_power_offset_db, 8))
    beams = {
        "beams on true paths": phy.chain_per_path(few.paths, params),
        "detected paths": tuple(beam[:24] for beam in phy.hybrid_beams(paths, params.rf_chains, params)),
    }
    curves["fully digital, perfect CSI"].append(float(few.bound(snr_db).sum(dim=1).mean()))
    genie = phy.genie_hybrid(few.paths, snr, first, params, steps=50)
    curves["genie hybrid"].append(float(genie.sum_se.mean()))
    for name, (precoder, combiner) in beams.items():
        rates = phy.hybrid_sum(few.paths, precoder, combiner, snr, first, params)
        curves[name].append(float(rates.mean()))

figure, axis = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for name, values in curves.items():
    axis.plot(snrs, values, marker="o", label=name)
axis.set(xlabel="SNR [dB]", ylabel="sum over UEs [bit/s/Hz]")
axis.legend()
plt.show()
for name, values in curves.items():
    print(f"{name:28s}", [round(value, 2) for value in values])

# %% [markdown]
# ## Phases
#
# High spectral efficiency does not mean that symbols arrive as they were sent. `coherence` is what
# is left of a sum of symbols after their phases: 1 if all arrive in phase.

# %%
precoder, combiner = phy.chain_per_path(channels.paths, params)
symbols = torch.arange(8, 12)
gains = phy.stream_gains(channels.paths, precoder, combiner, symbols, params)
print("nobody corrects phases:    ", round(float(phy.coherence(gains, torch.zeros_like(gains.real))), 3))
print("corrected by a genie:      ", round(float(phy.coherence(gains, gains.angle())), 3))
held = gains.angle()[:, :, :1].expand_as(gains.real)
print("genie at the first symbol: ", round(float(phy.coherence(gains, held)), 3))

# %% [markdown]
# ## A downlink of many users
#
# The specialist `fusion` precodes for users of one antenna. Its classical rivals are blocks, too.

# %%
downlink = phy.complex_normal((100, 8, 64), generator)
for snr_db in (-10, 0, 10):
    snr = torch.tensor(10 ** (snr_db / 10))
    rates = {
        name: float(phy.sum_spectral_efficiency(downlink, precoder(downlink, snr), snr).mean())
        for name, precoder in (("RZF", phy.rzf), ("WMMSE", phy.wmmse))
    }
    print(f"{snr_db:4d} dB", {name: round(value, 2) for name, value in rates.items()})
