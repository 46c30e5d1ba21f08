"""The separate design: what its UE and its BS see, and that it learns channels."""

import pytest
import torch
import yaml

from cscsanet.config.fusion import FusionParams
from cscsanet.config.params import profile_text
from cscsanet.specialists.fusion.autoencoder_task import AutoencoderTask
from cscsanet.specialists.fusion.link.operating_point import draw_fusion
from cscsanet.specialists.fusion.task import air_of, conditions_of, initial_system
from cscsanet.specialists.fusion.training import KIND
from cscsanet.training.seeds import generator


@pytest.fixture(scope="module")
def params():
    smoke = FusionParams.model_validate(yaml.safe_load(profile_text("smoke", "fusion")))
    return smoke.model_copy(update={"network": smoke.network.model_copy(update={"form": "autoencoder"})})


@pytest.fixture
def world(params, seeded):
    air, conditions = air_of(params.air, 3), conditions_of(params.link, 6)
    return air, draw_fusion(air.sector, air.comb, params.air.ports, conditions, seeded()), conditions


@torch.no_grad()
def test_an_image_leads_back_to_its_channel(params, world):
    system, drops = initial_system(params, 1), world[1]
    image = system.channel_image(drops.channel.transpose(1, 2))
    torch.testing.assert_close(system.channel(image), drops.channel)
    # Few places of it have most of the energy.
    energy = image.square().sum(dim=2).flatten(2).sort(dim=-1, descending=True).values
    assert (energy[..., : energy.shape[-1] // 4].sum(dim=-1) > 0.8 * energy.sum(dim=-1)).all()


@torch.no_grad()
def test_a_common_phase_changes_no_bit_and_a_prefix_is_a_message(params, world):
    (_, drops, conditions), system = world, initial_system(params, 1)
    turn = torch.polar(torch.ones(6, 1, 3, 1), torch.rand(6, 1, 3, 1))
    noise = drops.antenna_noise * turn.transpose(1, 2)
    turned = drops._replace(channel=drops.channel * turn, antenna_noise=noise)
    long, _ = system.report(drops, conditions, 64)
    assert torch.equal(system.report(turned, conditions, 64)[0], long)
    assert torch.equal(system.report(drops, conditions, 10)[0], long[..., :10])
    assert long.unique().tolist() == [0.0, 1.0]


@torch.no_grad()
def test_bits_alone_reach_the_bs_and_no_srs(params, world):
    (air, drops, conditions), system = world, initial_system(params, 1)
    made = system(air, drops, conditions, 2, 8)
    other = drops._replace(srs=torch.zeros_like(drops.srs), noise=torch.zeros_like(drops.noise))
    assert torch.equal(system(air, other, conditions, 2, 8).fusion, made.fusion)
    assert made.fusion.shape == (6, air.sector.subcarriers, air.sector.antennas, 3)
    power = made.fusion.abs().square().sum(dim=(2, 3))
    torch.testing.assert_close(power, torch.ones_like(power), rtol=1e-4, atol=0)
    some = system(air, drops, conditions, 2, 8, [3, 5]).fusion
    torch.testing.assert_close(some, made.fusion[:, [3, 5]])
    # The decoded channels depend on the bits.
    assert not torch.allclose(system.decode(made.bits), system.decode(1 - made.bits))


@torch.no_grad()
def test_the_error_is_that_up_to_the_phase_of_a_user(params, world):
    (_, drops, conditions), system = world, initial_system(params, 1)
    sent, phase = system.report(drops, conditions, 16)
    decoded = system.channel(system.decode(sent))
    wrong = (decoded - drops.channel * phase.transpose(1, 2)).abs().square().sum(dim=(1, 2, 3))
    expected = wrong / drops.channel.abs().square().sum(dim=(1, 2, 3))
    torch.testing.assert_close(system.error(drops, conditions, 16), expected)


def test_it_learns_to_describe_channels(params):
    longer = params.model_copy(
        update={
            "training_link": params.training_link.model_copy(update={"feedback_bits": (48,), "users": (2,)})
        }
    )
    task, system = KIND.task(longer, 1)
    assert isinstance(task, AutoencoderTask)
    optimiser = torch.optim.Adam(system.parameters(), lr=3e-3)
    errors = []
    for step in range(80):
        error = task.loss(torch.arange(64), generator(1, "step", step))
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        errors.append(float(error.detach()))
    # A decoder that says zero has an error of one.
    assert sum(errors[-10:]) / 10 < 0.97
