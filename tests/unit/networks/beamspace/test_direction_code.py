"""The code of directions and the order of the codeword's features."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.networks.beamspace.direction_code import (
    BEAM_DIGITS,
    DIGITS,
    codeword_order,
    from_digits,
    to_digits,
)
from cscsanet.networks.quantiser import dequantise, quantise


@given(st.floats(0, 1, exclude_max=True, width=32), st.integers(1, DIGITS))
@settings(deadline=None)
def test_every_digit_of_the_code_narrows_the_cell_by_four(position, digits):
    features = dequantise(quantise(to_digits(torch.tensor([position]))))
    # Features that were not fed back must not matter, whatever their value.
    features[..., digits:] = 0.875
    active = (torch.arange(DIGITS) < digits).float()
    assert abs(float(from_digits(features, active)) - position) <= 0.5 * 4.0**-digits + 1e-6


def test_the_gradient_of_a_decoded_position_is_straight_through():
    position = torch.tensor([0.13, 0.4999, 0.77], requires_grad=True)
    decoded = from_digits(dequantise(quantise(to_digits(position))), torch.ones(DIGITS))
    decoded.sum().backward()
    torch.testing.assert_close(position.grad, torch.ones(3))


def test_the_order_of_the_codeword_is_a_permutation_and_fills_1024_bits():
    order = codeword_order(2, 256)
    head = [*sum(order.digits, ()), *order.shares, order.gain, *order.free]
    assert sorted(head) == list(range(16))
    assert [end - first for first, end in order.spectrum] == [16, 32, 64, 128, 256]
    assert order.length == 512
    assert (
        sorted(order.low_snr) == sorted(order.high_snr) == list(range(16)) == list(range(order.head_length))
    )


def test_16_bits_are_the_strongest_path_at_low_snr_and_both_paths_at_high_snr():
    order = codeword_order(2, 256)
    strongest, second = order.digits
    assert order.low_snr[:6] == strongest
    assert order.high_snr[:8] == (*strongest[:4], *second[:4])
    for positions in (order.low_snr, order.high_snr):
        # A digit is of use only after those before it.
        assert [sorted(positions.index(digit) for digit in path) for path in order.digits] == [
            [positions.index(digit) for digit in path] for path in order.digits
        ]


def test_feedback_order_and_canonical_order_are_inverse(seeded):
    order = codeword_order(2, 256)
    codeword = torch.rand(3, order.length, generator=seeded)
    head, spectrum = codeword[:, : order.head_length], codeword[:, order.head_length :]
    for low_snr in (torch.ones(3, 1, dtype=torch.bool), torch.tensor([[True], [False], [True]])):
        ordered = torch.cat((order.to_feedback_order(head, low_snr), spectrum), dim=1)
        assert not torch.equal(ordered, codeword)
        assert torch.equal(order.from_feedback_order(ordered, low_snr), codeword)


def test_a_share_counts_as_reported_with_its_feature_and_a_direction_from_four_digits_on():
    order = codeword_order(2, 256)
    fed_back = torch.zeros(3, order.length)
    fed_back[1, list(order.shares)] = 1
    fed_back[2, list(order.digits[1][:BEAM_DIGITS])] = 1
    share_reported, direction_reported = order.reported(fed_back)
    assert share_reported.tolist() == [[1, 0], [1, 1], [1, 0]]
    assert direction_reported.tolist() == [[1, 0], [1, 0], [1, 1]]


@pytest.mark.parametrize("digits", [0, 1, 6])
def test_directions_are_decoded_with_the_digits_that_were_fed_back(digits):
    order = codeword_order(2, 256)
    direction = torch.tensor([[0.3, -0.71]])
    codeword, fed_back = torch.full((1, order.length), 0.5), torch.zeros(1, order.length)
    features = dequantise(quantise(to_digits((direction + 1) / 2)))
    for path, positions in enumerate(order.digits):
        codeword[0, list(positions)] = features[0, path]
        fed_back[0, list(positions[:digits])] = 1
    decoded, num_digits = order.directions(codeword, fed_back)
    assert num_digits.tolist() == [[digits, digits]]
    assert (decoded - direction).abs().max() <= 4.0**-digits
