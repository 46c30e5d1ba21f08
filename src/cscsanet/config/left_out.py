"""What is left out with `csa.front: subcarrier`, the paper's front end, and with another `joint.reader` than the paper's.

That front searches no paths, so no streams can be aligned. Neither of the two has units. A params.yaml may
name such schemes and units all the same: the pipeline leaves them out with a note, and runs whole.

Stages that train use nothing here that reads the table of schemes, so a new scheme reruns none.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cscsanet.config.schemes import scheme
from cscsanet.config.studies import EvaluationParams
from cscsanet.errors import CscsanetError, print_notes

if TYPE_CHECKING:
    from cscsanet.config.params import Params

SEARCHING_FRONT = "beamspace"
EXPORTED_READER = "linear"
_NO_ALIGNMENT = "csa.front = {front} searches no paths, so no streams can be aligned"
_NO_UNITS = "{key} = {value} has no units"


def why_unaligned(params: "Params") -> str:
    """Return why no streams can be aligned, or an empty text if they can."""
    front = params.csa.front
    return "" if front == SEARCHING_FRONT else _NO_ALIGNMENT.format(front=front)


def why_no_units(params: "Params") -> str:
    """Return why CSC-SA-Net has no units, or an empty text if it has."""
    front, reader = params.csa.front, params.joint.reader
    if front != SEARCHING_FRONT:
        return _NO_UNITS.format(key="csa.front", value=front)
    return "" if reader == EXPORTED_READER else _NO_UNITS.format(key="joint.reader", value=reader)


def why_left_out(params: "Params", name: str) -> str:
    """Return why a scheme is left out, or an empty text if it is not.

    Raises:
        CscsanetError: there is no such scheme.
    """
    return why_unaligned(params) if scheme(name).aligned else ""


def refuse_left_out(params: "Params", names: Iterable[str]) -> None:
    """Raise if a scheme is left out.

    Raises:
        CscsanetError: as said, or there is no such scheme.
    """
    for name in names:
        reason = why_left_out(params, name)
        if reason:
            raise CscsanetError(f"scheme '{name}': {reason}; set it to {SEARCHING_FRONT} and train again")


def refuse_without_units(params: "Params") -> None:
    """Raise if CSC-SA-Net has no units with these parameters.

    Raises:
        CscsanetError: as said.
    """
    reason = why_no_units(params)
    if reason:
        exported = SEARCHING_FRONT if params.csa.front != SEARCHING_FRONT else EXPORTED_READER
        raise CscsanetError(f"{reason}; set it to {exported} and train again")


def kept_evaluation(params: "Params") -> EvaluationParams:
    """Return the section `evaluation` without the schemes that are left out."""
    section = params.evaluation
    kept = {
        "schemes": _kept(params, section.schemes),
        "swept": _kept(params, section.swept),
        "pictured": _kept(params, section.pictured),
    }
    return section.model_copy(update=kept)


def kept_exports(params: "Params") -> tuple[str, ...]:
    """Return `deployment.exported` without the schemes that have no units."""
    return () if why_no_units(params) else params.deployment.exported


def note_left_out(params: "Params") -> None:
    """Print which schemes of evaluation.schemes are left out, and why, if there are any."""
    kept = kept_evaluation(params).schemes
    left_out = [name for name in params.evaluation.schemes if name not in kept]
    if left_out:
        print_notes([f"{', '.join(left_out)}: left out, since {why_unaligned(params)}"])


def _kept(params: "Params", names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if not why_left_out(params, name))
