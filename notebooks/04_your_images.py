# %% [markdown]
# # Your own images
#
# A link takes files, Pillow images or arrays. They may have any size: the middle is cropped to the
# aspect ratio of the model, and resized. This notebook makes its own files, so that it runs
# anywhere. Put the names of yours in their place.
#
# **Read the notes of a result.** The models of the package know rendered streets alone. On real
# pictures they find objects where there are none.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

import cscsanet

link = cscsanet.load("noma-tracked")
print(link)

# %% [markdown]
# ## Files
#
# A pair is one RGB picture and one thermal picture of the same view, at the same time. The cameras
# must be registered: a pixel of one shows what the same pixel of the other shows.

# %%
scenes = cscsanet.render_scenes(1, seed=3000, size=(192, 256))
pixels = scenes.frames.images[0].numpy()
Image.fromarray(np.ascontiguousarray(pixels[:3].transpose(1, 2, 0))).save("rgb.png")
Image.fromarray(pixels[3]).save("thermal.png")

sent = link.transmit("rgb.png", "thermal.png", snr_db=-10)
sent.show()

# %%
sent.save("mask.png")  # a palette PNG, whose values are class ids
print(
    Path("mask.png").stat().st_size, "bytes,", {name: f"{share:.1%}" for name, share in sent.classes.items()}
)
for note in sent.notes:
    print("note:", note)

# %% [markdown]
# ## Arrays, other sizes, and other shapes
#
# Arrays are uint8, or numbers from 0 to 1. A wide picture is cropped, and a note says so.

# %%
wide = np.concatenate([pixels, pixels[..., ::-1]], axis=-1).astype(np.float32) / 255
sent = link.transmit(wide[:3].transpose(1, 2, 0), wide[3], snr_db=-10)
for note in sent.notes:
    print("note:", note)

# %% [markdown]
# ## Thermal pictures of 16 bits
#
# Thermal cameras often count in 16 bits. `thermal_range` says which values become 0 and 255. Use
# one range for all frames that you want to compare. Without it, the percentiles 1 and 99 of each
# picture are used.

# %%
counts = (27315 + 20 * pixels[3].astype(np.int32)).astype(
    np.uint16
)  # such as 100 times the temperature in kelvin
rgb = np.ascontiguousarray(pixels[:3].transpose(1, 2, 0))
fixed = link.transmit(rgb, counts, snr_db=-10, thermal_range=(27315, 27315 + 20 * 255))
free = link.transmit(rgb, counts, snr_db=-10)
print("pixels of the thermal picture that differ:", f"{(fixed.thermal != free.thermal).mean():.0%}")
for note in free.notes:
    print("note:", note)

# %% [markdown]
# ## How far from the training?
#
# A simple statistic compares your pictures with the training pictures: brightness, contrast and
# fine structure of both cameras. Noise in place of a street lies far away, and the note says so.

# %%
random = np.random.default_rng(1)
noise = link.transmit(
    random.integers(0, 255, (96, 128, 3), dtype=np.uint8),
    random.integers(0, 255, (96, 128), dtype=np.uint8),
    snr_db=-10,
)
for note in noise.notes:
    print("note:", note)

# %% [markdown]
# ## With labels: a number
#
# With class ids of the scene, a mask has a mean IoU. For many frames, put them into a folder in
# MFNet's layout (`images/`, RGBA with the thermal picture as the fourth channel, and `labels/`) and
# use `load_scenes` and `evaluate`.

# %%
small = cscsanet.render_scenes(8, seed=3001)
folder = Path("my-frames")
for name in ("images", "labels"):
    (folder / name).mkdir(parents=True, exist_ok=True)
for number, (image, label) in enumerate(zip(small.frames.images, small.frames.labels, strict=True)):
    rgba = np.ascontiguousarray(image.numpy().transpose(1, 2, 0))
    Image.fromarray(rgba, "RGBA").save(folder / "images" / f"{number:05d}D.png")
    Image.fromarray(label.numpy()).save(folder / "labels" / f"{number:05d}D.png")

mine = cscsanet.load_scenes(folder)
print(mine)
print(link.evaluate(mine, snr_db=-10))

# %%
shown = link.transmit("rgb.png", "thermal.png", snr_db=-10)
figure, axes = plt.subplots(1, 3, figsize=(9, 2.4), layout="constrained")
for axis, picture, title in zip(
    axes, (shown.rgb, shown.thermal, shown.mask), ("RGB as sent", "thermal as sent", "class ids"), strict=True
):
    axis.imshow(picture, cmap="turbo" if title == "class ids" else "gray", interpolation="nearest")
    axis.set_title(title)
    axis.axis("off")
plt.show()

# %% [markdown]
# To train on recorded streets, see "The real MFNet dataset" in `docs/usage.md`.
