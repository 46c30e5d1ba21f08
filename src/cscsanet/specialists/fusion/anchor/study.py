"""The stage `anchor`: feedback without SRS at the published point, rows beside the published sum rates.

Everything that is drawn or trained differs between seeds: pilots, cells and tables. All seeds have the same drops, with the
same noise. The code of every B is chosen on validation drops; the precoder sees messages only.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cscsanet.channel.multiuser.downlink import sum_spectral_efficiency
from cscsanet.config.fusion import AnchorParams, FusionParams
from cscsanet.metrics.bootstrap import mean_over_seeds, resampled_sums
from cscsanet.metrics.estimate import Estimate
from cscsanet.specialists.fusion.anchor.beam_code import BeamCode, train_beams
from cscsanet.specialists.fusion.anchor.cell import (
    AnchorCell,
    draw_channels,
    perfect_mrt,
    perfect_zf,
    receive,
)
from cscsanet.specialists.fusion.anchor.cell_code import CellCode, precoders_of, train_cells
from cscsanet.specialists.fusion.anchor.path_code import PathCode, allocations
from cscsanet.specialists.fusion.anchor.pilots import learned_pilots, random_pilots
from cscsanet.specialists.fusion.anchor.published import LEARNED, PERFECT
from cscsanet.specialists.fusion.anchor.ue_posterior import PairSearch, UeKnowledge, scaled_load
from cscsanet.training.seeds import generator

if TYPE_CHECKING:
    from cscsanet.specialists.fusion.training import FusionStage

CELL = AnchorCell()
BEAM_BITS = 3  # up to which a message looks up a beam
CELL_BITS = 10  # up to which it names a cell
_LOADINGS = (1.0, 5.0)  # of cells, whose moments are wide
_PARTS = {"val": 0, "test": 1}
_PILOTS, _CELLS, _BEAMS = range(3)


class Code(Protocol):
    """A code. used_bits: of a message. name: in the rows."""

    used_bits: int
    name: str

    def encode(self, knowledge: UeKnowledge, user: int) -> Tensor:
        """Return the messages (N,) of users."""

    def precoders(self, messages: Tensor) -> Tensor:
        """Return precoders (drops, M, K) from messages (drops, K)."""


class Drops(NamedTuple):
    """Drops, and what users know. channel: h (drops, K, M). knowledge: of all users, one drop after another."""

    channel: Tensor
    knowledge: UeKnowledge

    def messages(self, code: Code) -> Tensor:
        """Return the messages (drops, K) of users."""
        count, users = self.channel.shape[:2]
        by_user = [
            UeKnowledge(*(field.reshape(count, users, *field.shape[1:])[:, user] for field in self.knowledge))
            for user in range(users)
        ]
        return torch.stack([code.encode(known, user) for user, known in enumerate(by_user)], dim=-1)

    def rates(self, precoders: Tensor) -> Tensor:
        """Return the sum rates (drops,) of precoders (drops, M, K) [bit/s/Hz]."""
        return sum_spectral_efficiency(self.channel, precoders, torch.tensor(CELL.snr))


class Measured(NamedTuple):
    """The sum rates (drops,) of a method. bits: B. setting, used_bits: of its code."""

    method: str
    bits: int | None
    rates: Tensor
    setting: str = ""
    used_bits: int | None = None


def measure_anchor(stage: "FusionStage") -> None:
    """Measure all seeds, and write the rows."""
    params = stage.params
    with stage.tracked("anchor") as run, torch.no_grad():
        by_seed = {seed: list(measured(params, seed)) for seed in params.anchor.seeds}
        rows = result_rows(by_seed, params.anchor.bootstrap_samples, params.seed)
        stage.save_rows("fusion_anchor.json", rows)
        run.log_metrics(
            {
                f"sum_rate/{row['bits']}": row["sum_rate"]
                for row in rows
                if row["method"] == "ours" and _mean(row)
            }
        )


def measured(params: FusionParams, seed: int) -> Iterator[Measured]:
    """Yield the sum rates of every method on the test drops with the pilots and codes of one seed."""
    anchor = params.anchor
    with torch.enable_grad():
        trained = learned_pilots(
            CELL, anchor.pilot_steps, anchor.pilot_batch, generator(seed, "settle", _PILOTS)
        )
    val, test = (drops(params, part, trained) for part in ("val", "test"))
    yield Measured("perfect-zf", None, test.rates(perfect_zf(test.channel)))
    yield Measured("perfect-mrt", None, test.rates(perfect_mrt(test.channel)))
    yield Measured("unquantised", None, _unquantised(test))
    drawn = random_pilots(CELL, generator(seed, "settle", _PILOTS))
    yield Measured("unquantised-random-pilots", None, _unquantised(drops(params, "test", drawn)))
    for bits in anchor.bits:
        codes = candidates(anchor, bits, seed)
        scores = [float(val.rates(code.precoders(val.messages(code))).mean()) for code in codes]
        best = codes[max(range(len(codes)), key=scores.__getitem__)]
        rates = test.rates(best.precoders(test.messages(best)))
        yield Measured("ours", bits, rates, best.name, best.used_bits)


def drops(params: FusionParams, part: Literal["val", "test"], pilots: Tensor) -> Drops:
    """Return the drops of a part, the same for all pilots, and what users know with these pilots X (M, L)."""
    anchor = params.anchor
    count = anchor.val_drops if part == "val" else anchor.test_drops
    channel = draw_channels(count, CELL, generator(params.seed, "evaluate", _PARTS[part], 0, 0))
    received = receive(channel, pilots, generator(params.seed, "evaluate", _PARTS[part], 0, 1))
    search = PairSearch(pilots, CELL, anchor.grid, anchor.kept)
    return Drops(channel, search(received.flatten(0, 1)))


def candidates(anchor: AnchorParams, bits: int, seed: int) -> Sequence[Code]:
    """Return the codes of at most B bits to choose from."""
    if bits <= BEAM_BITS:
        drawn = generator(seed, "settle", _BEAMS, bits)
        with torch.enable_grad():
            table = train_beams(bits, CELL, anchor.beam_steps, anchor.beam_batch, drawn)
        return [BeamCode(bits, CELL, *table)]
    if bits <= CELL_BITS:
        drawn = generator(seed, "settle", _CELLS, bits)
        cells = train_cells(bits, CELL, anchor.cell_drops, anchor.cell_rounds, drawn)
        return [CellCode(bits, CELL, *cells, loading) for loading in _LOADINGS]
    return [PathCode(allocation, CELL) for allocation in allocations(bits)]


def result_rows(
    by_seed: dict[int, list[Measured]], samples: int, bootstrap_seed: int
) -> list[dict[str, Any]]:
    """Return a row for each method, B and seed, and one for their mean, with seed null.

    Intervals are over drops, and those of the mean over seeds, too, by Student's law.
    """
    rows = []
    for group in zip(*by_seed.values(), strict=True):
        rates = torch.stack([each.rates.double() for each in group], dim=-1)
        drawn = (resampled_sums(rates, samples, bootstrap_seed) / len(rates)).numpy()
        key = [bootstrap_seed, *f"{group[0].method} {group[0].bits}".encode()]
        rows.append(_row(group[0], rates.mean(), mean_over_seeds(drawn.T, key), len(rates), None))
        rows += [
            _row(each, each.rates.double().mean(), drawn[:, index], len(rates), seed)
            for index, (seed, each) in enumerate(zip(by_seed, group, strict=True))
        ]
    return rows


def _row(
    of: Measured, mean: Tensor, drawn: NDArray[np.float64], count: int, seed: int | None
) -> dict[str, Any]:
    """Return a row. drawn: the mean in each bootstrap sample."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {
        "method": of.method,
        "bits": of.bits,
        **Estimate(float(mean), float(low), float(high)).row("sum_rate"),
        "published": PERFECT.get(of.method) if of.bits is None else LEARNED.get(of.bits),
        "setting": None if seed is None else of.setting or None,
        "used_bits": None if seed is None else of.used_bits,
        "drops": count,
        "seed": seed,
    }


def _unquantised(seen: Drops) -> Tensor:
    factor = seen.knowledge.factor
    factors = factor.reshape(*seen.channel.shape[:2], *factor.shape[1:])
    return seen.rates(precoders_of(factors, scaled_load(CELL, 1.0)))


def _mean(row: dict[str, Any]) -> bool:
    return row["seed"] is None
