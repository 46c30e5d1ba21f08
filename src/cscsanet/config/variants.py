"""Further trainings of a specialist: variants, which differ in some parameters, and repeats, which differ in the seed."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from cscsanet.config.run_params import RunParams
from cscsanet.config.system import Section


class VariantParams(Section):
    """A further training: a name, what differs in words, and the parameters that differ, as `section.key`."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
    what: Annotated[str, Field(min_length=1)]
    params: dict[str, Any]


class RepeatParams(Section):
    """Trainings again, under further seeds. reseeded: which, ours or variants."""

    seeds: tuple[Annotated[int, Field(ge=0, lt=2**31)], ...]
    reseeded: tuple[str, ...]


class SpecialistParams(RunParams):
    """Parameters of a specialist, with its further trainings."""

    variants: tuple[VariantParams, ...]
    repeats: RepeatParams


SomeParams = TypeVar("SomeParams", bound=SpecialistParams)


def check_trainings(params: SpecialistParams, ours: str, sections: Sequence[str]) -> None:
    """Check the variants and the repeats. ours: the name of the training of the parameters as they are.

    sections: which a variant may change.

    Raises:
        ValueError: a name is taken or unknown, or a variant cannot be.
    """
    names = [variant.name for variant in params.variants]
    if len({ours, *names}) <= len(names):
        raise ValueError(
            f"variants: {', '.join(names)}: each must have a name of its own, and none is {ours}"
        )
    for variant in params.variants:
        with_variant(params, variant, sections)
    for name in params.repeats.reseeded:
        if name not in (ours, *names):
            raise ValueError(
                f"repeats.reseeded: '{name}' is no training; choose of {', '.join((ours, *names))}"
            )


def with_variant(params: SomeParams, variant: VariantParams, sections: Sequence[str]) -> SomeParams:
    """Return the parameters of a further training. sections: which a variant may change.

    Raises:
        ValueError: a key is unknown, or a value out of range.
    """
    content = params.model_dump() | {"variants": (), "repeats": {"seeds": (), "reseeded": ()}}
    for key, value in variant.params.items():
        *inside, name = key.split(".")
        place: Any = content
        for section in inside:
            place = place.get(section) if isinstance(place, dict) else None
        if not inside or inside[0] not in sections or not isinstance(place, dict) or name not in place:
            raise ValueError(
                f"variants: {variant.name}: '{key}' must name a parameter of {', '.join(sections)}; correct its spelling"
            )
        place[name] = value
    try:
        return type(params).model_validate(content)
    except ValidationError as error:
        fault = error.errors()[0]
        # A contradiction between sections has no place, and names its parameters itself.
        where = "".join(f"{part}." for part in fault["loc"]).rstrip(".") + (": " if fault["loc"] else "")
        message = fault["msg"].removeprefix("Value error, ")
        raise ValueError(f"variants: {variant.name}: {where}{message}") from None
