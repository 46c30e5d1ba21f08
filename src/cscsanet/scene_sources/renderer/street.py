"""The street of one sequence: all props with their positions and motions."""

from collections.abc import Callable, Iterator

import numpy as np

from cscsanet.scene_sources.renderer import decoys, furniture, surroundings
from cscsanet.scene_sources.renderer.buildings import building
from cscsanet.scene_sources.renderer.climate import Climate
from cscsanet.scene_sources.renderer.ground import LANE, Street, cross_section, curves, draw_street, markings
from cscsanet.scene_sources.renderer.mesh import Layer, Prop, Shape
from cscsanet.scene_sources.renderer.people import person, rider
from cscsanet.scene_sources.renderer.vehicles import bike, car

_HALF_TURN = float(np.pi)


def lay_out(rng: np.random.Generator, climate: Climate, end: float) -> list[Prop]:
    """Draw the props of a street from s = 0, where the car starts, to s = `end` [m]."""
    street = draw_street(rng)
    props = [
        cross_section(rng, climate, street),
        markings(rng, climate, street, -2.0, end),
        Prop(surroundings.skyline(rng, climate), layer=Layer.BACKDROP, moves_with_car=True),
    ]
    if rng.random() < 0.62:
        props.append(curves(rng, climate, street, 1.0, end))
    for side in (-1, 1):
        props += _streetside(rng, climate, street, side, end)
        props += _kerbside(rng, climate, street, side, end)
        props += _pavement(rng, climate, street, side, end)
    props += _road(rng, climate, street, end)
    return props


def _spaced(
    rng: np.random.Generator, end: float, low: float, high: float, first: float = 3.0
) -> Iterator[float]:
    s = first + float(rng.uniform(0.0, high))
    while s < end:
        yield s
        s += float(rng.uniform(low, high))


def _streetside(
    rng: np.random.Generator, climate: Climate, street: Street, side: int, end: float
) -> Iterator[Prop]:
    """Draw the houses, trees, hedges and walls beyond the pavement."""
    border = street.walk(side)
    s = -4.0
    while s < end + 30:
        length = float(rng.uniform(7.0, 18.0))
        d = border + side * float(rng.uniform(0.6, 3.0))
        kind = rng.random()
        if kind < (0.25 if street.green else 0.78):
            house = building(rng, climate, length, -side)
            yield Prop(house, d + side * 0.8, s, layer=Layer.STREETSIDE)
        else:
            if kind < 0.9:
                yield Prop(surroundings.hedge(rng, climate, length), d, s, layer=Layer.STREETSIDE)
            else:
                yield Prop(surroundings.wall(climate, rng, length), d, s, layer=Layer.STREETSIDE)
            for z in _spaced(rng, length, 4.0, 8.0, 0.0):
                tree_d = d + side * float(rng.uniform(1.0, 7.0))
                yield Prop(surroundings.tree(rng, climate), tree_d, s + z, layer=Layer.STREETSIDE)
        s += length + float(rng.uniform(0.0, 2.5))


def _kerbside(
    rng: np.random.Generator, climate: Climate, street: Street, side: int, end: float
) -> Iterator[Prop]:
    """Draw the parked cars and car stops of a parking strip, or a rail along the kerb."""
    kerb, edge = street.kerb(side), street.lane_edge(side)
    if abs(kerb - edge) > 1.5:
        middle = (kerb + edge) / 2
        occupancy = float(rng.uniform(0.08, 0.26))
        has_car_stops = rng.random() < 0.6
        for s in np.arange(3.1, end, 6.2):
            if has_car_stops:
                yield Prop(furniture.car_stop(rng, climate), middle, float(s) + 2.4)
            if rng.random() < occupancy:
                parked = car(rng, climate, warm=bool(rng.random() < 0.3))
                shift = float(rng.uniform(-0.15, 0.15))
                yield Prop(parked, middle + shift, float(s) - 0.3, yaw=0.0 if side > 0 else _HALF_TURN)
        return
    if rng.random() < 0.6:
        rust = float(rng.random())
        rail_d = kerb + side * 0.35
        for s in np.arange(0.0, end, 4.0):
            yield Prop(furniture.guardrail(climate, 4.0, rust), rail_d, float(s))
    elif rng.random() < 0.5:
        for s in np.arange(0.0, end, 4.0):
            yield Prop(decoys.plain_rail(climate, 4.0), kerb + side * 0.35, float(s))


def _pavement(
    rng: np.random.Generator, climate: Climate, street: Street, side: int, end: float
) -> Iterator[Prop]:
    """Draw the people, bikes, lamps, signs and decoys on the pavement."""
    kerb, walk = street.kerb(side), street.walk(side)

    def across(low: float, high: float) -> float:
        return kerb + (walk - kerb) * float(rng.uniform(low, high))

    reach = -side * 1.6
    for s in _spaced(rng, end, 18.0, 26.0, 2.0):
        power = climate.lamp_power
        yield Prop(
            furniture.street_lamp(climate, reach),
            kerb + side * 0.5,
            s,
            pool=(reach, 0.0, 6.5, power) if power > 0.05 else None,
        )
    for s in _spaced(rng, end, 6.0, 18.0):
        heading = 1.0 if rng.random() < 0.5 else -1.0
        sideways = bool(rng.random() < 0.2)
        speed = 0.0 if sideways or rng.random() < 0.3 else heading * float(rng.uniform(0.9, 1.6))
        for _ in range(int(rng.integers(1, 3))):
            yield Prop(
                person(rng, climate, sideways=sideways),
                across(0.1, 0.85),
                s + float(rng.uniform(-0.7, 0.7)),
                velocity=(0.0, speed),
                stride=5.5 if speed else 0.0,
                phase=float(rng.uniform(0, 6.28)),
            )
    for s in _spaced(rng, end, 9.0, 26.0):
        crosswise = bool(rng.random() < 0.75)
        yaw = float(rng.uniform(1.1, 2.0)) if crosswise else float(rng.uniform(-0.3, 0.3))
        first_d = across(0.08, 0.4)
        for index in range(int(rng.integers(1, 4))):
            step = (0.0, 0.75) if crosswise else (0.7, 0.0)
            parked = bike(rng, climate, warm=bool(rng.random() < 0.15))
            yield Prop(parked, first_d + side * index * step[0], s + index * step[1], yaw=yaw)
    clutter: tuple[Callable[[], Shape], ...] = (
        lambda: furniture.road_sign(rng, climate),
        lambda: furniture.traffic_light(rng, climate),
        lambda: decoys.mannequin(rng, climate),
        lambda: decoys.poster(rng, climate),
        lambda: decoys.warm_post(rng, climate),
        lambda: decoys.warm_block(rng, climate),
        lambda: decoys.orange_bag(rng, climate),
        lambda: decoys.covered_bike(rng, climate),
        lambda: surroundings.tree(rng, climate),
    )
    weights = np.array([2, 1, 3, 2.5, 3, 1.5, 2.5, 1, 3.5])
    for s in _spaced(rng, end, 3.0, 9.0):
        draw = clutter[int(rng.choice(len(clutter), p=weights / weights.sum()))]
        yaw = 0.0
        shape = draw()
        yield Prop(shape, across(0.3, 0.95), s, yaw=yaw)


def _road(rng: np.random.Generator, climate: Climate, street: Street, end: float) -> Iterator[Prop]:
    """Draw the traffic, riders, crossing people, cones and bumps on the road."""
    pool = (0.0, -7.0, 3.5, 0.25) if climate.night else None
    mean_gap = float(rng.uniform(22.0, 55.0))
    for s in _spaced(rng, end * 1.6, mean_gap * 0.6, mean_gap * 1.4, 12.0):
        speed = -float(rng.uniform(4.0, 9.0))
        yield Prop(
            car(rng, climate, warm=True, lights=climate.night),
            -LANE,
            s,
            velocity=(0.0, speed),
            yaw=_HALF_TURN,
            pool=pool,
        )
    if rng.random() < 0.4:
        ahead = float(rng.uniform(12.0, 30.0))
        yield Prop(
            car(rng, climate, warm=True, lights=climate.night),
            float(rng.uniform(-0.2, 0.2)),
            ahead,
            velocity=(0.0, EGO_SPEED),
        )
    if rng.random() < 0.7:
        for s in _spaced(rng, end, 12.0, 28.0, 5.0):
            same_direction = bool(rng.random() < 0.5)
            d = street.right_lane - 0.5 if same_direction else street.left_lane + 0.5
            yaw, speed = (0.0, 3.5) if same_direction else (_HALF_TURN, -3.0)
            yield from _bike_and_rider(rng, climate, d, s, yaw, (0.0, speed))
    if rng.random() < 0.55:
        for s in _spaced(rng, end, 12.0, 30.0, 7.0):
            step = 1.0 if rng.random() < 0.5 else -1.0
            d = float(rng.uniform(street.left_lane, street.right_lane))
            if rng.random() < 0.3:
                yield from _bike_and_rider(rng, climate, d, s, step * _HALF_TURN / 2, (step * 2.2, 0.0))
                continue
            yield Prop(
                person(rng, climate, sideways=True),
                d,
                s,
                velocity=(step * float(rng.uniform(0.8, 1.5)), 0.0),
                stride=5.5,
                phase=float(rng.uniform(0, 6.28)),
            )
    if rng.random() < 0.62:
        yield from _cones(rng, climate, street, end)
    if rng.random() < 0.52:
        middle = (street.left_lane + street.right_lane) / 2
        half = (street.right_lane - street.left_lane) / 2
        for s in _spaced(rng, end, 11.0, 20.0, 5.0):
            yield Prop(furniture.bump(rng, climate, half), middle, s, layer=Layer.DECAL)


EGO_SPEED = 5.0


def _bike_and_rider(
    rng: np.random.Generator, climate: Climate, d: float, s: float, yaw: float, velocity: tuple[float, float]
) -> Iterator[Prop]:
    sideways = abs(velocity[0]) > 0
    yield Prop(bike(rng, climate, warm=bool(rng.random() < 0.3)), d, s, velocity, yaw)
    rider_shape = rider(rng, climate, sideways=sideways)
    if velocity[0] < 0:
        for face in rider_shape.faces:
            face.points[:, 0] *= -1
    # Slightly nearer than the bike, so that it is painted over it.
    yield Prop(rider_shape, d, s - 0.05, velocity)


def _cones(rng: np.random.Generator, climate: Climate, street: Street, end: float) -> Iterator[Prop]:
    """Draw rows of cones along a lane's edge, the middle of the road or a parking bay."""
    s = float(rng.uniform(3.0, 10.0))
    while s < end:
        count, gap = int(rng.integers(2, 6)), float(rng.uniform(1.6, 2.8))
        d = float(
            rng.choice([street.right_lane - 0.2, -LANE / 2, street.left_lane + 0.3, street.right_lane + 0.8])
        )
        drift = float(rng.uniform(-0.12, 0.12))
        for index in range(count):
            yield Prop(furniture.cone(rng, climate), d + drift * index, s + gap * index)
        s += count * gap + float(rng.uniform(8.0, 24.0))
