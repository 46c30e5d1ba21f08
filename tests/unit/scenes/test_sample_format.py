"""Files that Pillow alters in silence while it decodes: each is refused in one line."""

import io
import struct

import numpy as np
import pytest
from fixtures.pictures import chunk, save_with_orientation, write_png
from PIL import Image, TiffImagePlugin

from cscsanet.scenes.images import read_frame, read_label, read_picture, read_png

PIXELS = np.random.default_rng(3).integers(0, 255, (24, 32, 4), dtype=np.uint8)
RGB = Image.fromarray(PIXELS[..., :3])


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_colours_and_alpha_of_sixteen_bits_are_refused_everywhere(tmp_path, fault, channels):
    path = write_png(tmp_path / "00001D.png", PIXELS[..., :channels].astype(np.uint16) * 257)
    for read in (read_picture, read_png, read_frame, read_label):
        message = fault(read, path)
        assert f"{path}: has 16 bits a channel, of which only 8 would be read" in message


def test_a_file_of_eight_bits_from_the_same_writer_is_read(tmp_path):
    path = write_png(tmp_path / "frame.png", PIXELS)
    assert np.array_equal(read_frame(path), PIXELS)


def tiff(path, image, **tags):
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.items():
        info[int(tag[1:])] = value
    image.save(path, tiffinfo=info)
    return path


@pytest.mark.parametrize(
    ("image", "tags", "says"),
    [
        (Image.fromarray(PIXELS[..., 0].astype(np.uint16)), {"_262": 0}, "gray whose zero is white"),
        (Image.fromarray(PIXELS[..., 0]), {"_339": 2}, "signed samples of 8 bits"),
        (RGB.convert("CMYK"), {}, "mode CMYK; save it as RGB"),
        (RGB.convert("LAB"), {}, "mode LAB; save it as RGB"),
        (RGB.convert("YCbCr"), {}, "mode YCbCr; save it as RGB"),
    ],
)
def test_tiff_whose_samples_would_be_misread(tmp_path, fault, image, tags, says):
    path = tiff(tmp_path / "picture.tif", image, **tags)
    message = fault(read_picture, path)
    assert str(path) in message
    assert says in message


@pytest.mark.parametrize(
    ("image", "tag", "says"),
    [
        (Image.fromarray(np.full((24, 32), -1, np.int32)), 339, "has samples above 2147483647"),
        (Image.fromarray(PIXELS), 338, "multiplied by alpha"),
    ],
)
def test_tiff_that_pillow_cannot_write(tmp_path, fault, image, tag, says):
    path = tiff(tmp_path / "picture.tif", image)
    content = bytearray(path.read_bytes())
    entry = content.index(struct.pack("<HHIH", tag, 3, 1, 2))
    content[entry + 8] = 1
    path.write_bytes(content)
    assert says in fault(read_picture, path)


def test_jpeg_of_cmyk_is_refused(tmp_path, fault):
    RGB.convert("CMYK").save(tmp_path / "picture.jpg")
    assert "mode CMYK; save it as RGB" in fault(read_picture, tmp_path / "picture.jpg")


@pytest.mark.parametrize(
    ("ending", "says"),
    [("tif", "holds 2 pictures; save the one"), ("png", "is an animated PNG; save the picture")],
)
def test_files_of_several_pictures_are_refused(tmp_path, fault, ending, says):
    path = tmp_path / f"picture.{ending}"
    RGB.save(path, save_all=True, append_images=[Image.new("RGB", (32, 24))])
    assert f"{path}: {says} that is meant" in fault(read_picture, path)


def test_a_jpeg_with_a_preview_is_its_first_picture(tmp_path):
    path = tmp_path / "picture.jpg"
    RGB.save(path, format="MPO", save_all=True, append_images=[Image.new("RGB", (32, 24))])
    picture = read_picture(path)
    assert picture.pictures == 2
    assert np.ptp(np.asarray(picture.image)) > 100


@pytest.mark.parametrize("ending", ["png", "jpg", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_their_exif_says(tmp_path, ending, orientation):
    gradient = np.add.outer(np.arange(24) * 3, np.arange(32) * 5).astype(np.uint8)
    upright = [
        gradient,
        gradient[:, ::-1],
        gradient[::-1, ::-1],
        gradient[::-1],
        gradient.T,
        np.rot90(gradient, -1),
        gradient[::-1, ::-1].T,
        np.rot90(gradient),
    ][orientation - 1]
    path = save_with_orientation(Image.fromarray(gradient), tmp_path / f"picture.{ending}", orientation)
    picture = read_picture(path)
    assert picture.turned == (orientation != 1)
    assert np.asarray(picture.image).shape == upright.shape
    assert np.abs(np.asarray(picture.image).astype(int) - upright).max() <= 8 * (ending == "jpg")


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_exif_does_not_know_turns_nothing(tmp_path, orientation):
    picture = read_picture(save_with_orientation(RGB, tmp_path / "picture.png", orientation))
    assert not picture.turned
    assert np.array_equal(np.asarray(picture.image), PIXELS[..., :3])


def test_frames_and_labels_are_turned_too(tmp_path):
    ids = PIXELS[..., 0] % 9
    frame = save_with_orientation(Image.fromarray(PIXELS), tmp_path / "frame.png", 6)
    label = save_with_orientation(Image.fromarray(ids), tmp_path / "label.png", 6)
    assert np.array_equal(read_frame(frame), np.rot90(PIXELS, -1))
    assert np.array_equal(read_label(label), np.rot90(ids, -1))


def test_an_orientation_after_the_pixels_of_a_png_counts(tmp_path):
    exif = Image.Exif()
    exif[274] = 3
    path = write_png(tmp_path / "frame.png", PIXELS)
    content = path.read_bytes()
    end = chunk(b"IEND", b"")
    path.write_bytes(content.removesuffix(end) + chunk(b"eXIf", exif.tobytes()[6:]) + end)
    assert np.array_equal(read_frame(path), PIXELS[::-1, ::-1])


def test_gamma_and_colour_profiles_change_no_value(tmp_path):
    path = write_png(tmp_path / "frame.png", PIXELS, chunk(b"gAMA", (100000).to_bytes(4, "big")))
    assert np.array_equal(read_frame(path), PIXELS)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_labels_of_few_bits_are_ids_with_a_palette_and_refused_as_gray(tmp_path, fault, bits):
    ids = PIXELS[..., 0] % min(2**bits, 9)
    picture = Image.fromarray(ids)
    picture.putpalette([index * 16 for index in range(2**bits) for _ in range(3)])
    picture.save(tmp_path / "palette.png", bits=bits)
    assert np.array_equal(read_label(tmp_path / "palette.png"), ids)
    header = (tmp_path / "palette.png").read_bytes()
    gray = bytearray(header)
    gray[25] = 0  # the colour type
    gray[29:33] = chunk(b"IHDR", bytes(gray[16:29]))[-4:]
    start, end = header.index(b"PLTE") - 4, header.index(b"IDAT") - 4
    (tmp_path / "gray.png").write_bytes(bytes(gray[:start] + gray[end:]))
    message = fault(read_label, tmp_path / "gray.png")
    assert f"is gray of {bits} bit" in message
    assert "save them as gray of 8 bits" in message


def test_damaged_metadata_is_an_error_and_no_warning(tmp_path, fault, recwarn):
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[274] = 6
    RGB.save(stream, "JPEG", exif=exif)
    content = stream.getvalue()
    start = content.index(b"Exif\0\0") + 6
    path = tmp_path / "picture.jpg"
    path.write_bytes(content[: start + 8] + b"\xff\xff" + content[start + 10 :])
    message = fault(read_picture, path)
    assert f"{path}: has damaged metadata (Corrupt EXIF data." in message
    assert "so how it is turned is unknown; save it without" in message
    assert not recwarn.list


def test_a_folder_is_no_picture(tmp_path, fault):
    assert f"{tmp_path}: is no file" in fault(read_picture, tmp_path)
