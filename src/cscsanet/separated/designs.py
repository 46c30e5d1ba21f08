"""The separated designs of Sec. IV-A as whole links, untrained; each is a front and the data path that all share."""

from collections.abc import Callable, Mapping

from cscsanet.params import Params
from cscsanet.separated.codec import SourceCodec
from cscsanet.separated.fronts import CodebookFront, LearnedCsiFront, PerfectFront
from cscsanet.separated.precoding import DlPrecoding, PcaPrecoding
from cscsanet.separated.separated_link import SeparatedLink

PRECODINGS: Mapping[str, Callable[[Params], PcaPrecoding]] = {
    "dl": DlPrecoding,
    "pca": lambda params: PcaPrecoding(params.channel),
}


def learned_csi(params: Params, precoding: str) -> SeparatedLink:
    """DL-based CSI acquisition and feedback, then the precoding of that name."""
    front = LearnedCsiFront(params, PRECODINGS[precoding](params))
    return SeparatedLink(front, SourceCodec(params), params.channel)


def perfect_csi(params: Params, precoding: str) -> SeparatedLink:
    """Perfect initial CSI, then the precoding of that name."""
    front = PerfectFront(params.channel, PRECODINGS[precoding](params))
    return SeparatedLink(front, SourceCodec(params), params.channel)


def codebook(params: Params) -> SeparatedLink:
    """Beams by index."""
    return SeparatedLink(CodebookFront(params), SourceCodec(params), params.channel)
