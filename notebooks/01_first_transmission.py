# %% [markdown]
# # First transmission
#
# Two cars see one street, one with an RGB camera and one with a thermal camera. Both send at the
# same time and on the same frequencies. The base station turns the sum of their signals into a
# segmentation of the scene.
#
# This notebook needs the installed package alone. It runs in a few seconds.

# %%
import matplotlib.pyplot as plt

import cscsanet

# %% [markdown]
# ## A link
#
# A scheme is a whole way to transmit: networks, beams, feedback and receiver. The package has
# trained weights of most of them. `load` returns one as a link.

# %%
for name, title in cscsanet.schemes().items():
    print(f"{name:16s} {title}")

# %%
link = cscsanet.load("noma-tracked")
print(link)
print("reference point:", link.reference_point.label())

# %% [markdown]
# The channel is part of the link: 64 antennas at the base station, 8 at each car, and a few paths
# between them.

# %%
channel = link.channel
print(f"{channel.bs_antennas} x {channel.ue_antennas} antennas, {channel.rf_chains} RF chains at each end")
print(f"{channel.subcarriers} subcarriers, {channel.paths} paths, at {channel.carrier_ghz:g} GHz")
print(f"up to {channel.max_speed_kmh:g} km/h")

# %% [markdown]
# ## A scene, and one transmission
#
# `render_scenes` draws streets with labels, by day and by night. None of them was in the training
# of the models.

# %%
scenes = cscsanet.render_scenes(4, seed=1000)
pixels = scenes.frames.images[0].numpy()
rgb, thermal = pixels[:3].transpose(1, 2, 0), pixels[3]
truth = scenes.frames.labels[0].numpy()
print(scenes, rgb.shape, thermal.shape)

# %% [markdown]
# `transmit` draws a channel, sends both pictures over it, and returns what happened. The SNR is
# that of one antenna of the base station, before the beams gain anything. So -10 dB is less bad
# than it sounds.

# %%
sent = link.transmit(rgb, thermal, snr_db=-10, seed=0)
sent.show(truth)

# %% [markdown]
# A result holds the signals themselves, not only the mask.

# %%
print(sent)
print("feedback bits of each car", sent.bits.shape)
print("sent symbols (cars, OFDM symbols, subcarriers, streams)", tuple(sent.streams.shape))
print("bit/s/Hz of each car", [round(value, 2) for value in sent.spectral_efficiencies])
print("mean IoU of this frame", round(sent.miou(truth), 3))
for note in sent.notes:
    print("note:", note)

# %% [markdown]
# ## The same scene with less and less power
#
# The seed fixes the channel and the noise, so only the power changes.

# %%
snrs = (-10, -25, -40)
figure, axes = plt.subplots(1, len(snrs) + 1, figsize=(10, 2.3), layout="constrained")
axes[0].imshow(rgb)
axes[0].set_title("scene")
for axis, snr_db in zip(axes[1:], snrs, strict=True):
    result = link.transmit(rgb, thermal, snr_db=snr_db, seed=0)
    axis.imshow(result.mask, vmin=0, vmax=8, cmap="turbo", interpolation="nearest")
    axis.set_title(f"{snr_db} dB: mIoU {result.miou(truth):.2f}")
for axis in axes:
    axis.axis("off")
plt.show()

# %% [markdown]
# ## More than one frame
#
# One frame says little. `evaluate` sends many, each over a channel of its own, and returns an
# interval. `floor` is what a receiver gets that marks every pixel as unlabelled.

# %%
many = cscsanet.render_scenes(24, seed=1001)
for name in ("noma", "noma-tracked"):
    print(cscsanet.load(name).evaluate(many, snr_db=-25))

# %% [markdown]
# Next: a scheme of your own against these, in `02_your_scheme`.
