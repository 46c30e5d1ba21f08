"""Digital late fusion with the LDPC code of 5G in place of random codes, to see what a real code costs.

    bits of a UE -> CRC -> LDPC code (3GPP TS 38.212, Sec. 5.3.2) -> QPSK, 16-QAM or 64-QAM -> the link
    s_hat / q = s + n -> LLRs -> belief propagation -> all bits of the block, or none

The package `sionna-no-rt` (extra `tr38901`) has the code. The BS sets a block's length as in `digital_link`,
from the SINR that it expects, lowered by a margin, in place of a term for finite length. Lengths are rounded
down to a grid, as by a table of modulation and coding schemes. Below a rate of 1/5 coded bits repeat.

Axes: K UEs, D payload elements, k bits of a block with its CRC, m bits of a symbol.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cscsanet.baselines.delay_prior import BeamsWithPrior
from cscsanet.baselines.digital.block_rates import capacity
from cscsanet.baselines.digital.digital_link import DigitalLink
from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint

CRC_BITS = 16
_SHORTEST = 24  # with the CRC
_ITERATIONS = 20
_STEP = 8  # of the shortest lengths [bit]
_HIGHEST_RATE, _LOWEST_RATE = 0.9, 0.2
# Bits of a symbol -> the most bits of a block in an element.
_MODULATIONS = {2: 1.2, 4: 2.6, 6: 5.4}


class Block(NamedTuple):
    """The format of a block. length: k; 0 for none. bits: m."""

    length: int
    bits: int


class LdpcLink(DigitalLink):
    """Blocks of the LDPC code of 5G. margin_db: by which the expected SINR is lowered."""

    margin_db: float = 2.0

    def formats(self, beams: BeamsWithPrior, point: OperatingPoint, longest: Tensor) -> list[list[Block]]:
        """Return the format of the block of each UE (batch, K), from the SINR that the BS expects."""
        sinr = self.predicted_sinr(beams, point) * 10 ** (-self.margin_db / 10)
        elements = sinr.shape[-1]
        bits = torch.minimum(capacity(sinr), longest + CRC_BITS + _STEP)
        return [[block_format(each, elements) for each in ues] for ues in bits.tolist()]

    def deliver(
        self,
        paths: PathDrops,
        beams: BeamsWithPrior,
        point: OperatingPoint,
        generator: torch.Generator,
        longest: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the sent streams, the bits of the blocks and whether they are lost, as `DigitalLink.deliver`."""
        formats = self.formats(beams, point, longest)
        users, elements = self.channel.users, len(self.grid(point).data)
        payload = torch.zeros(len(formats), users, elements, dtype=torch.complex64)
        messages: dict[Block, Tensor] = {}
        for block, rows, columns in _alike(formats):
            drawn = torch.randint(
                0, 2, (len(rows), block.length), generator=generator, device=generator.device
            )
            messages[block] = drawn.float().cpu()
            payload[rows, columns] = _code(block, elements).send(messages[block])
        payload = payload.to(beams.combiner.device)
        arrived = self.receive(payload, paths, beams, point, generator)
        gain = self.gain(arrived)
        lost = torch.zeros(len(formats), users, dtype=torch.bool)
        carried = torch.zeros(len(formats), users, dtype=torch.float64)
        for block, rows, columns in _alike(formats):
            of_blocks = (arrived.detected[rows, columns].cpu(), gain[rows, columns].cpu())
            decoded = _code(block, elements).receive(*of_blocks)
            lost[rows, columns] = (decoded != messages[block]).any(dim=-1)
            carried[rows, columns] = block.length - CRC_BITS
        return arrived.streams, carried.to(payload.device), lost.to(payload.device)


class LdpcCode:
    """The code and the modulation of one format over a number of elements."""

    def __init__(self, block: Block, elements: int) -> None:
        from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
        from sionna.phy.mapping import Constellation, Demapper, Mapper

        self.coded = elements * block.bits
        self.unique = min(self.coded, int(block.length / _LOWEST_RATE))
        self.encoder = LDPC5GEncoder(block.length, self.unique, device="cpu")
        self.decoder = LDPC5GDecoder(
            self.encoder, num_iter=_ITERATIONS, hard_out=True, return_infobits=True, device="cpu"
        )
        constellation = Constellation("qam", block.bits, device="cpu")
        self.mapper, self.demapper = (
            Mapper(constellation=constellation, device="cpu"),
            Demapper("app", constellation=constellation, device="cpu"),
        )
        self.repeated = torch.arange(self.coded) % self.unique

    def send(self, bits: Tensor) -> Tensor:
        """Return symbols (blocks, D) of unit mean energy, of bits (blocks, k)."""
        symbols: Tensor = self.mapper(self.encoder(bits)[:, self.repeated])
        return symbols

    def receive(self, detected: Tensor, gain: Tensor) -> Tensor:
        """Return the bits (blocks, k), from s_hat and q (blocks, D)."""
        gain = gain.float().clamp(1e-4, 1 - 1e-4)
        likelihoods: Tensor = self.demapper(detected / gain, (1 - gain) / gain)
        combined = torch.zeros(len(likelihoods), self.unique)
        combined.index_add_(1, self.repeated, likelihoods.flatten(1))
        decoded: Tensor = self.decoder(combined)
        return decoded


def block_format(bits: float, elements: int) -> Block:
    """Return the format of a block that may carry some bits on some elements; its rates are those of the code."""
    modulation = next((m for m, most in _MODULATIONS.items() if bits <= most * elements), max(_MODULATIONS))
    length = _rounded(min(bits, _HIGHEST_RATE * modulation * elements))
    return Block(length, modulation) if length >= _SHORTEST else Block(0, 2)


def _rounded(bits: float) -> int:
    """Round down to 8, or to the power of two below an eighth of the bits, if that is larger."""
    step: int = max(_STEP, 1 << max(0, int(bits).bit_length() - 4))
    return int(bits) // step * step


def _alike(formats: list[list[Block]]) -> Iterator[tuple[Block, list[int], list[int]]]:
    """Yield each format with the rows and columns of its blocks."""
    places: dict[Block, list[tuple[int, int]]] = defaultdict(list)
    for row, ues in enumerate(formats):
        for column, block in enumerate(ues):
            if block.length:
                places[block].append((row, column))
    for block, at in places.items():
        yield block, [row for row, _ in at], [column for _, column in at]


@lru_cache(maxsize=256)
def _code(block: Block, elements: int) -> Any:
    return LdpcCode(block, elements)
