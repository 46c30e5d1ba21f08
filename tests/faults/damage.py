"""Ways to damage a file. All but a replacement keep what a disk or a killed copy would leave."""

from pathlib import Path


def damage(path: Path, how: str, other: Path | None = None) -> None:
    """Damage a file in place. other: the file whose content takes its place."""
    content = path.read_bytes()
    if how == "removed":
        path.unlink()
        return
    path.write_bytes(damaged(content, how, other.read_bytes() if other else b""))


def damaged(content: bytes, how: str, other: bytes = b"") -> bytes:
    """Return the damaged content, which always differs."""
    size = len(content)
    ways = {
        "emptied": b"",
        "cut to a tenth": content[: size // 10],
        "cut to half": content[: size // 2],
        "cut by a byte": content[:-1],
        "head flipped": flipped(content, min(5, size - 1)),
        "middle flipped": flipped(content, size // 2),
        "metadata flipped": flipped(content, max(content.find(b"cscsanet.inputs") + 20, 0)),
        "head zeroed": bytes(min(size, 512)) + content[512:],
        "foreign bytes": b"\xff\xfe{[half a file\x00\xb5" * 8,
        "replaced": other,
    }
    assert ways[how] != content, how
    return ways[how]


def flipped(content: bytes, position: int) -> bytes:
    """Return the content with one bit of one byte changed."""
    return content[:position] + bytes([content[position] ^ 0x10]) + content[position + 1 :]
