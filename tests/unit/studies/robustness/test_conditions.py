"""The channels of the study: complete, one impairment at a time, and paired."""

import torch
from fixtures.params import altered

from cscsanet.studies.robustness.conditions import conditions


def test_every_delay_is_measured_at_every_speed_and_each_impairment_by_itself(smoke):
    study = smoke.robustness
    found = list(conditions(smoke))
    assert found[0].channel == smoke.channel
    late = [(each.speed_kmh, each.value) for each in found if each.over == "feedback_delay_symbols"]
    assert late == [(speed, delay) for speed in study.speeds_kmh for delay in study.feedback_delay_symbols]
    nominal = smoke.channel.model_dump()
    for each in found:
        if each.over in nominal:
            changed = {key for key, value in each.channel.model_dump().items() if value != nominal[key]}
            assert changed <= {each.over}
            assert getattr(each.channel, each.over) == each.value
    others = [each.value for each in conditions(altered(smoke, robustness={"models": ["CDL-A", "UMi"]}))]
    assert others.index("UMi") == others.index("CDL-A") + 1
    limits = {each.value for each in found if each.over == "element_power"}
    assert limits == {"element", "peak3db"}
    assert [each.pilot_share for each in found if each.over == "pilot_share"] == list(study.pilot_shares)


def test_drops_of_all_delays_and_speeds_differ_in_their_doppler_shifts_alone(smoke):
    late = [each for each in conditions(smoke) if each.over == "feedback_delay_symbols"]
    first, *others = [each.drops(5, 1) for each in late]
    for drops in others:
        assert torch.equal(drops.gain, first.gain)
        assert torch.equal(drops.aoa, first.aoa)
    (nominal,) = (each for each in conditions(smoke) if each.over == "nominal")
    assert torch.equal(nominal.drops(5, 1).delay, first.delay)
    assert not torch.equal(nominal.drops(5, 1).doppler, first.doppler)
