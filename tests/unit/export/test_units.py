"""A UE's CSI unit reads nothing back from its device, so that a CUDA graph can hold it."""

import torch
from torch.func import functional_call

from cscsanet.export.units import UeCsi
from cscsanet.links.csc_sa_net import noma


def test_the_csi_unit_reads_no_value_back_from_its_device(smoke):
    """Tensors of the device `meta` have no values: whatever needs one on the host raises."""
    unit = UeCsi(noma(smoke, "learned"), 0).eval()
    state = {name: value.to("meta") for name, value in [*unit.named_parameters(), *unit.named_buffers()]}
    channel, capacity = smoke.channel, smoke.points.capacity
    shape = (1, channel.subcarriers, channel.rf_chains, capacity.csirs_symbols, 2)
    numbers = [torch.empty(1, device="meta") for _ in range(2)]
    counts = [torch.empty(1, dtype=torch.int64, device="meta") for _ in range(3)]
    with torch.no_grad():
        outputs = functional_call(unit, state, (torch.empty(shape, device="meta"), *numbers, *counts))
    assert {output.device.type for output in outputs} == {"meta"}
    assert outputs[0].shape == (1, capacity.feedback_bits)
