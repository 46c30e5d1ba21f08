"""The measurements of digital late fusion: bits and mIoU over the SNR, with random codes, a real code and at capacity."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from torch import Tensor, nn

from cscsanet.baselines.digital.channel_quality import MOST_BITS, QualityFrontEnd, report_bits
from cscsanet.baselines.digital.digital_link import DigitalLink, Rate, RateRule
from cscsanet.baselines.digital.ldpc_link import LdpcLink
from cscsanet.baselines.feedback_code import feedback_code
from cscsanet.channel.dataset import Part, open_drops
from cscsanet.channel.tr38901 import PACKAGE
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.evaluation.cache import cached_features
from cscsanet.evaluation.equal_elements import blocks
from cscsanet.evaluation.measure import measure
from cscsanet.evaluation.schemes import trained_link
from cscsanet.links.link import SourceBits
from cscsanet.metrics.estimate import Estimate, estimate
from cscsanet.metrics.segmentation import miou
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.sequences import by_sequence, sequences_of
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.workspace import Workspace


@dataclass(frozen=True)
class Code:
    """How a block is coded.

    name: of its row. rate: of `digital_link`; None for the LDPC code. error, csi_error, margin_db: by which the rate is
    set; None where they do not matter. modelled: whether an arithmetic coder has learned probabilities; else a bit is a
    bit. quality_bits: of a report of the channel's strength, and feedback_bits, B; None for those of params.yaml.
    """

    name: str
    rate: Rate | None
    error: float | None = None
    csi_error: float | None = None
    margin_db: float | None = None
    modelled: bool = True
    quality_bits: int | None = None
    feedback_bits: int | None = None

    @property
    def scheme(self) -> str:
        """The scheme with the same blocks."""
        return "digital-ideal" if self.rate == "ideal" else "digital-coded"


@dataclass(frozen=True)
class DigitalRow:
    """One code over one part of the scenes. carried, spent: mean bits of a UE; lost: share of the blocks."""

    code: Code
    split: Part
    point: OperatingPoint
    elements: int
    carried: float
    spent: float
    lost: float
    miou: Estimate

    def columns(self) -> dict[str, Any]:
        """Return the row as `reports/digital.json` has it."""
        return {
            "code": self.code.name,
            "split": self.split,
            "snr_db": self.point.snr_db,
            "feedback_bits": self.point.feedback_bits,
            "data_symbols": self.point.data_symbols,
            "elements": self.elements,
            "error": self.code.error,
            "csi_error": self.code.csi_error,
            "margin_db": self.code.margin_db,
            "quality_bits": self.code.quality_bits,
            "modelled": self.code.modelled,
            "carried_bits": round(self.carried, 2),
            "spent_bits": round(self.spent, 2),
            "lost": round(self.lost, 5),
            **self.miou.row("miou"),
        }


class RawBits(nn.Module):
    """Lengths of messages without an arithmetic coder."""

    def forward(self, signs: Tensor) -> Tensor:
        """Return the length of every prefix of the bits (batch, K, P N_c) [bit]."""
        order = torch.arange(1, signs.shape[2] * signs.shape[3] + 1, device=signs.device, dtype=torch.float64)
        return order.expand(*signs.shape[:2], -1)


def codes(params: Params) -> list[Code]:
    """Return the codes of the report, each by its best rule."""
    rule = RateRule()
    without_package = [
        Code("capacity", "ideal"),
        Code("capacity, no arithmetic coder", "ideal", modelled=False),
        Code("random codes", "coded", rule.error, rule.csi_error),
    ]
    return [*without_package, *([_ldpc(params.digital_study.margin_db)] if has_ldpc() else [])]


def rules(params: Params) -> list[Code]:
    """Return the rules that are compared on the validation part."""
    study, rule = params.digital_study, RateRule()
    pairs = [(error, rule.csi_error) for error in study.errors]
    pairs += [(rule.error, csi_error) for csi_error in study.csi_errors]
    random_codes = [Code("random codes", "coded", *pair) for pair in dict.fromkeys(pairs)]
    return [*random_codes, *(_ldpc(margin) for margin in study.margins_db if has_ldpc())]


def reports(params: Params) -> list[Code]:
    """Return random codes with reports of the channel's strength, where the feedback does not hold it, and CSI errors."""
    rule, strength, study = RateRule(), feedback_code(params.channel.rf_chains), params.digital_study
    few = [bits for bits in params.evaluation.feedback_bits if report_bits(bits, MOST_BITS, strength)]
    lengths = [(bits, report_bits(bits, most, strength)) for bits in few for most in study.quality_bits]
    return [
        Code("random codes", "coded", rule.error, csi_error, quality_bits=length, feedback_bits=bits)
        for bits, length in dict.fromkeys(lengths)
        for csi_error in study.csi_errors
    ]


def compared(params: Params) -> list[tuple[Code, Part]]:
    """Return everything that is measured: the codes on the test part, rules and reports on the validation part."""
    return [
        *((code, "test") for code in codes(params)),
        *((code, "val") for code in (*rules(params), *reports(params))),
    ]


def _ldpc(margin_db: float) -> Code:
    return Code("LDPC", None, csi_error=RateRule().csi_error, margin_db=margin_db)


def has_ldpc() -> bool:
    """Return whether the package with the LDPC code is installed."""
    try:
        version(PACKAGE)
    except PackageNotFoundError:
        return False
    return True


def digital_rows(workspace: Workspace, params: Params, advance: Callable[[int], None]) -> list[DigitalRow]:
    """Measure every code over the SNR on the test part, and what is compared on the validation part, several at once."""
    results = fan_out(partial(_measure, workspace, params), compared(params), num_workers(params), advance)
    return [row for rows in results for row in rows]


def _measure(workspace: Workspace, params: Params, job: tuple[Code, Part]) -> list[DigitalRow]:
    code, split = job
    evaluation, every = params.evaluation, blocks(params)
    elements = every.common(("noma", "digital-coded"), evaluation.home.data_symbols)
    # A block of as many elements as one of CSC-SA-Net has, if there is one; else the largest that is smaller.
    symbols = max(q for q in every.data_symbols if every.elements(code.scheme, q) <= elements)
    home = replace(evaluation.home.point, feedback_bits=code.feedback_bits or evaluation.home.feedback_bits)
    link = _link(workspace, params, code)
    scenes = load_part(workspace.scenes, workspace.split, split)
    sequences = sequences_of(scenes.names, workspace.scenes)
    drops = open_drops(workspace.drops(split)).all()
    seen: list[SourceBits] = []
    link.register_forward_hook(lambda module, inputs, sent: seen.append(sent.source_bits))
    rows = []
    with cached_features(link):
        for snr_db in evaluation.snr_db if split == "test" else evaluation.compared_snr_db:
            point = replace(home, snr_db=snr_db, data_symbols=symbols)
            seen.clear()
            outcome = measure(
                link, scenes, drops, point, params.channel, draws=evaluation.channel_draws, seed=params.seed
            )
            carried, spent, lost = (
                float(torch.cat([getattr(bits, name) for bits in seen]).double().mean())
                for name in ("carried", "spent", "lost")
            )
            counts_of = by_sequence(outcome.confusions.sum(dim=1), sequences)
            level = estimate(counts_of, miou, evaluation.bootstrap_samples, params.seed)
            used = every.elements(code.scheme, point.data_symbols)
            rows.append(DigitalRow(code, split, point, used, carried, spent, lost, level))
    return rows


def _link(workspace: Workspace, params: Params, code: Code) -> DigitalLink:
    trained, _ = trained_link("digital-coded", params, workspace.weights)
    assert isinstance(trained, DigitalLink)
    if code.rate is None:
        link: DigitalLink = LdpcLink(trained.front, trained.codec, trained.prior, params.channel, "coded")  # type: ignore[arg-type]
        link.margin_db = code.margin_db  # type: ignore[assignment]
    else:
        link, trained.rate = trained, code.rate
    if code.csi_error is not None:
        link.rule = replace(link.rule, error=code.error or link.rule.error, csi_error=code.csi_error)
    if code.quality_bits is not None:
        front = link.front
        assert isinstance(front, QualityFrontEnd)
        front.most_bits = code.quality_bits
        link.rule = replace(link.rule, short_csi_error=link.rule.csi_error)
    if not code.modelled:
        link.prior = RawBits()  # type: ignore[assignment]
    return link.eval()
