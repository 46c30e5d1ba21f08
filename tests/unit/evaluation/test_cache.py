"""The cache of features and detected paths: the same counts, each input computed once."""

from dataclasses import replace

import torch

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.cache import _Outputs, cached_features
from cscsanet.evaluation.measure import measure
from cscsanet.links.csc_sa_net import NomaLink
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.networks.interfaces import CsirsSignals

POINT = OperatingPoint(-10, 8, 64, 4)


def test_the_cache_changes_no_count_and_computes_each_input_once(smoke, scenes, drops):
    torch.manual_seed(0)
    link = NomaLink(PhysicalLayer(smoke, "learned"), SemanticLayer(smoke)).eval()
    points = [POINT, replace(POINT, feedback_bits=16, data_symbols=2), replace(POINT, snr_db=0.0)]

    def counts():
        return [
            measure(link, scenes, drops.all(), point, smoke.channel, draws=1, seed=1).confusions
            for point in points
        ]

    computed = []
    layer = link.semantic.ue[0].encoder[0]
    layer.register_forward_hook(lambda *_: computed.append(1))
    plain = counts()
    batches = len(computed) // len(points)
    computed.clear()
    with cached_features(link):
        cached = counts()
    assert len(computed) == batches
    assert all(torch.equal(before, after) for before, after in zip(plain, cached, strict=True))
    # After the context everything is computed again: weights may have changed.
    computed.clear()
    counts()
    assert len(computed) == batches * len(points)


def test_outputs_are_kept_up_to_a_limit_and_some_are_hit_beyond_it(smoke):
    torch.manual_seed(0)
    encoder = SemanticLayer(smoke).eval().ue[0].encoder
    images = torch.rand(40, 1, 3, smoke.scenes.height, smoke.scenes.width)
    computed = []
    encoder[0].register_forward_hook(lambda *_: computed.append(1))
    with torch.no_grad():
        plain = [encoder(image) for image in images]
        size = plain[0].nbytes
        outputs = _Outputs(20 * size + size // 2)
        computed.clear()
        with cached_features(encoder, {type(encoder): outputs.limit}):
            for _ in range(4):
                assert all(
                    torch.equal(encoder(image), known) for image, known in zip(images, plain, strict=True)
                )
    assert 40 < len(computed) < 4 * 40
    for number in range(100):
        outputs.keep(bytes([number]), plain[number % 40])
        assert outputs.bytes == size * len(outputs.by_key) <= outputs.limit
    assert len(outputs.by_key) == 20
    outputs.keep(b"large", torch.zeros(outputs.limit + 1, dtype=torch.uint8)[:1])
    assert b"large" not in outputs.by_key


def test_other_csirs_and_other_received_signals_are_searched_again(smoke):
    torch.manual_seed(0)
    layer = PhysicalLayer(smoke).eval()
    search = layer.ue[0].search
    csirs_signals = layer.csirs.csirs_signals(4)
    received = torch.randn(3, smoke.channel.subcarriers, smoke.channel.rf_chains, 4, 2)
    with torch.no_grad(), cached_features(layer):
        first = search(received, csirs_signals)
        other_received = search(2 * received, csirs_signals)
        other_csirs = search(received, CsirsSignals(*(2 * part for part in csirs_signals)))
        assert search(received, csirs_signals) is first
    assert not torch.equal(first.gain, other_received.gain)
    assert not torch.equal(first.gain, other_csirs.gain)
