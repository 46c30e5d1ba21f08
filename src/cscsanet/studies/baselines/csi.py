"""The physical layer of the separated designs by part: CSI estimate, feedback, beams.

Axes: drops are the first axis everywhere; K UEs, L CSI-RS symbols, B feedback bits.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from cscsanet.baselines.acquisition import Acquisition, as_estimates
from cscsanet.baselines.feedback import FeedbackCodec
from cscsanet.baselines.mmse_detection import detected_se
from cscsanet.baselines.path_channel import CsiAccuracy, csi_accuracy, true_channel
from cscsanet.baselines.pca import hybrid_beams
from cscsanet.channel.dataset import open_drops
from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import materialise
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.schemes import SCHEMES, SEPARATED_ROLES, schemes_of
from cscsanet.config.system import ChannelParams
from cscsanet.evaluation.rates import beam_rates, chunks, genie_rates
from cscsanet.evaluation.schemes import trained_link
from cscsanet.links.physical_layer import Beams, csirs_noise_power
from cscsanet.metrics.bootstrap import bootstrap_means
from cscsanet.metrics.estimate import Estimate
from cscsanet.networks.iq import to_complex
from cscsanet.pipeline.run import initialised
from cscsanet.studies.baselines.rows import CsiRow, RateRow, csi_row
from cscsanet.training.seeds import generator
from cscsanet.training.weights import load_weights
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.workspace import Workspace

# (drops, point, source of noise) -> sum spectral efficiency of each drop (drops,)
RateFunction = Callable[[PathDrops, OperatingPoint, torch.Generator], Tensor]
# Every separated design, from the codebook to perfect CSI.
DESIGNS = [name for role in SEPARATED_ROLES for name in reversed(schemes_of(role))]


def measure_csi(workspace: Workspace, params: Params) -> list[CsiRow]:
    """Measure estimates over L and feedback over B, at every SNR of the study."""
    acquisition = Acquisition(params)
    load_weights(acquisition, workspace.weights("acquisition"), params)
    # Untrained networks refine nothing, so this codec conveys the quantised digits alone.
    untrained: FeedbackCodec = initialised(params, lambda: FeedbackCodec(params))
    learned = FeedbackCodec(params)
    load_weights(learned, workspace.weights("feedback"), params)
    codecs = {"digits": untrained.eval(), "learned": learned}
    drops = open_drops(workspace.drops("test")).batch(slice(params.study.drops))
    capacity = params.points.capacity
    statistics = {"seed": params.seed, "bootstrap_samples": params.study.bootstrap_samples}
    rows: list[CsiRow] = []
    with progress_bar("CSI", len(params.study.snr_db) * (len(params.points.csirs_symbols) + 1)) as advance:
        for snr_db in params.study.snr_db:
            for csirs_symbols in params.points.csirs_symbols:
                point = OperatingPoint(snr_db, csirs_symbols, capacity.feedback_bits, 1)
                rows += estimate_rows(acquisition, drops, point, **statistics)
                advance(1)
            point = OperatingPoint(snr_db, capacity.csirs_symbols, capacity.feedback_bits, 1)
            budgets = params.points.feedback_bits
            rows += feedback_rows(acquisition, codecs, drops, point, budgets, **statistics)
            advance(1)
    return rows


def measure_beams(workspace: Workspace, params: Params) -> list[RateRow]:
    """Measure every design after detection, and the beams of PCA alone beside the genie hybrid."""
    channel, capacity = params.channel, params.points.capacity
    drops = open_drops(workspace.drops("test")).batch(slice(params.study.drops))
    links = {name: trained_link(name, params, workspace.weights)[0].cpu() for name in DESIGNS}
    statistics = {"seed": params.seed, "bootstrap_samples": params.study.bootstrap_samples}

    def design(name: str) -> RateFunction:
        def rate(paths: PathDrops, point: OperatingPoint, source: torch.Generator) -> Tensor:
            beams: Beams = links[name].get_submodule("front")(paths, point, source)
            snr, symbols = 1 / point.noise_power, data_symbols(point, channel)
            return detected_se(paths, beams.precoder, beams.combiner, snr, symbols, channel).sum(dim=1)

        return rate

    def hybrid(streams: int) -> RateFunction:
        def rate(paths: PathDrops, point: OperatingPoint, source: torch.Generator) -> Tensor:
            truth = true_channel(paths, point.csirs_symbols, channel)
            beams = hybrid_beams(truth, streams, channel)
            symbols = data_symbols(point, channel)
            return beam_rates(paths, *beams, point.snr_db, symbols, channel).coloured

        return rate

    def genie(paths: PathDrops, point: OperatingPoint, source: torch.Generator) -> Tensor:
        with torch.enable_grad():
            return genie_rates(paths, point, channel, params.study.genie_steps).coloured

    hybrids: dict[str, RateFunction] = {
        **{_streams_title(count): hybrid(count) for count in hybrid_streams(channel, drops)},
        "genie hybrid": genie,
    }
    rows: list[RateRow] = []
    with progress_bar("beams", len(params.study.snr_db) * (len(params.points.feedback_bits) + 1)) as advance:
        for snr_db in params.study.snr_db:
            for budget in params.points.feedback_bits:
                point = OperatingPoint(snr_db, capacity.csirs_symbols, budget, 1)
                # Designs with perfect CSI do not depend on B: they are measured once.
                once = budget == capacity.feedback_bits
                designs = {
                    name: design(name) for name in DESIGNS if once or "feedback_bits" in SCHEMES[name].sees
                }
                rows += rate_rows("beams", designs, drops, point, **statistics)
                advance(1)
            point = OperatingPoint(snr_db, capacity.csirs_symbols, capacity.feedback_bits, 1)
            rows += rate_rows("hybrid", hybrids, drops, point, **statistics)
            advance(1)
    return rows


def hybrid_streams(channel: ChannelParams, drops: PathDrops) -> tuple[int, ...]:
    """Return the numbers of streams that PCA is measured with: one, and as many as chains and paths allow."""
    return tuple(dict.fromkeys((1, min(channel.rf_chains, drops.gain.shape[-1]))))


def _streams_title(count: int) -> str:
    return f"PCA, {count} stream{'s' if count > 1 else ''}"


def estimate_rows(
    acquisition: Acquisition,
    drops: PathDrops,
    point: OperatingPoint,
    *,
    seed: int,
    bootstrap_samples: int,
) -> list[CsiRow]:
    """Measure the estimate of every method at one L and SNR, at the last CSI-RS symbol.

    All methods have the same received CSI-RS. least-squares: of all N_r N_t entries on each
    subcarrier separately, minimum norm. pursuit: the detected paths, without learning. learned:
    the output of the estimator.
    """
    channel = acquisition.channel
    accuracy: dict[str, list[CsiAccuracy]] = {"least-squares": [], "pursuit": [], "learned": []}
    with torch.inference_mode():
        for chunk, paths in enumerate(chunks(drops)):
            truth = true_channel(paths, point.csirs_symbols, channel)
            detected = acquisition.detect_paths(paths, point, generator(seed, "evaluate", chunk))
            pursuit = as_estimates(detected, point.csirs_symbols)
            learned = acquisition.refine(detected, point)
            accuracy["pursuit"].append(csi_accuracy(pursuit, truth, channel))
            accuracy["learned"].append(csi_accuracy(learned, truth, channel))
            accuracy["least-squares"].append(_least_squares(acquisition, paths, point, seed, chunk))
    statistics = {"users": channel.users, "seed": seed, "bootstrap_samples": bootstrap_samples}
    return [csi_row("estimate", method, point, parts, **statistics) for method, parts in accuracy.items()]


def feedback_rows(
    acquisition: Acquisition,
    feedback: Mapping[str, FeedbackCodec],
    drops: PathDrops,
    point: OperatingPoint,
    budgets: tuple[int, ...],
    *,
    seed: int,
    bootstrap_samples: int,
) -> list[CsiRow]:
    """Measure the channel that the BS rebuilds at each B, by several codecs."""
    channel = acquisition.channel
    accuracy: dict[tuple[str, int], list[CsiAccuracy]] = {
        (method, budget): [] for method in feedback for budget in budgets
    }
    with torch.inference_mode():
        for chunk, paths in enumerate(chunks(drops)):
            truth = true_channel(paths, point.csirs_symbols, channel)
            estimate = acquisition(paths, point, generator(seed, "evaluate", chunk))
            for method, codec in feedback.items():
                bits = codec.encode(estimate, point.snr_db)
                for budget in budgets:
                    decoded = codec.decode(bits[:, :budget], point.snr_db)
                    accuracy[method, budget].append(csi_accuracy(decoded.paths, truth, channel))
    statistics = {"users": channel.users, "seed": seed, "bootstrap_samples": bootstrap_samples}
    return [
        csi_row("feedback", method, replace(point, feedback_bits=budget), parts, **statistics)
        for (method, budget), parts in accuracy.items()
    ]


def rate_rows(
    part: str,
    methods: Mapping[str, RateFunction],
    drops: PathDrops,
    point: OperatingPoint,
    *,
    seed: int,
    bootstrap_samples: int,
) -> list[RateRow]:
    """Measure the sum spectral efficiency [bit/s/Hz] of several methods with the same noise."""
    rows = []
    with torch.no_grad():
        for method, rate in methods.items():
            parts = [
                rate(paths, point, generator(seed, "evaluate", chunk))
                for chunk, paths in enumerate(chunks(drops))
            ]
            per_drop = torch.cat(parts).double().unsqueeze(1)
            low, high = bootstrap_means(per_drop, bootstrap_samples, seed)
            mean = Estimate(float(per_drop.mean()), float(low[0]), float(high[0]))
            rows.append(RateRow(part, method, point, mean, len(per_drop), seed))
    return rows


def _least_squares(
    acquisition: Acquisition, paths: PathDrops, point: OperatingPoint, seed: int, chunk: int
) -> CsiAccuracy:
    """Estimate H^T on each subcarrier with minimum norm, from the same received CSI-RS.

    y[l, r] = v_l,r^T H^T X[l] x[l, n]: 2 L equations for N_r N_t unknowns. The channel is assumed
    constant.
    """
    channel, length = acquisition.channel, point.csirs_symbols
    noise_power = csirs_noise_power(point, channel)
    received = acquisition.csirs(paths, length, noise_power, generator(seed, "evaluate", chunk))
    observed = to_complex(received[..., :length, :]).permute(0, 1, 2, 4, 3).flatten(-2)
    signals = acquisition.csirs.csirs_signals(length)
    transmit, baseband, receive = (to_complex(part[:length]) for part in signals)
    sent = torch.einsum("lmc,lnc->nlm", transmit, baseband)
    # One equation for each CSI-RS symbol and chain of the UE.
    equations = torch.einsum("lrt,nlm->nlrmt", receive, sent).flatten(1, 2).flatten(2)
    solver = torch.linalg.pinv(equations.to(torch.complex128)).to(torch.complex64)
    estimate = torch.einsum("nil,bknl->bkni", solver, observed).flatten(0, 1).flatten(1)
    last = torch.tensor([length - 1])
    truth = materialise(paths, last, channel).squeeze(2).flatten(0, 1).flatten(1)
    energy = truth.abs().square().sum(dim=1)
    nmse = (estimate - truth).abs().square().sum(dim=1) / energy
    estimate_energy = estimate.abs().square().sum(dim=1).clamp_min(1e-20)
    overlap = (estimate.conj() * truth).sum(dim=1).abs().square()
    return CsiAccuracy(nmse, overlap / (estimate_energy * energy))
