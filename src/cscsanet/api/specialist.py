"""Specialist models by name: networks for single tasks of the physical layer, and what they are compared with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from cscsanet.config.access import load_access_params
from cscsanet.config.fusion import OURS as FUSION
from cscsanet.config.fusion import load_fusion_params
from cscsanet.config.params import shipped_specialist_profile
from cscsanet.config.variants import SpecialistParams
from cscsanet.errors import CscsanetError
from cscsanet.specialists.access import methods as access_methods
from cscsanet.specialists.access import training as access_training
from cscsanet.specialists.access.detect import detected_row
from cscsanet.specialists.access.networks.devices import Known
from cscsanet.specialists.access.system import AccessSystem
from cscsanet.specialists.fusion import methods as fusion_methods
from cscsanet.specialists.fusion import training as fusion_training
from cscsanet.specialists.fusion.outcomes import BRANCHES
from cscsanet.specialists.fusion.precode import precoded_row
from cscsanet.specialists.fusion.task import initial_system
from cscsanet.specialists.room import SpecialistWorkspace
from cscsanet.training.weights import load_weights
from cscsanet.workflow.workspace import SHIPPED


@dataclass(frozen=True)
class _Kind:
    """A specialist. title: one line on what it does. ours: the name of our training. row: measures a method at a point."""

    title: str
    load: Callable[[Path], Any]
    row: Callable[[Any, Any, str, Mapping[str, Any], int], dict[str, Any]]
    network: Callable[[Any], nn.Module]
    trained: Callable[[Any], list[str]]
    methods: tuple[str, ...]


_KINDS: Mapping[str, _Kind] = {
    "access": _Kind(
        title="detects which devices are active in grant-free random access",
        load=load_access_params,
        row=detected_row,
        network=AccessSystem,
        trained=lambda params: [model.weights for model in access_training.models(params)],
        methods=("ours", *access_methods.CLASSICAL),
    ),
    "fusion": _Kind(
        title="precodes the downlink from SRS and feedback",
        load=load_fusion_params,
        row=precoded_row,
        network=lambda params: initial_system(params, params.seed),
        trained=lambda params: [model.weights for model in fusion_training.models(params)],
        methods=tuple(dict.fromkeys((FUSION, *BRANCHES, *fusion_methods.CLASSICAL))),
    ),
}


def specialist_models() -> dict[str, str]:
    """Return the name of every specialist, with one line on what it does.

    >>> import cscsanet
    >>> cscsanet.specialist_models()["access"]
    'detects which devices are active in grant-free random access'
    """
    return {name: kind.title for name, kind in _KINDS.items()}


def load_specialist(name: str, *, project: str | Path | None = None) -> "Specialist":
    """Load a specialist by its name (`specialist_models`). project: the root of a project that trained it; None: the package's.

    >>> import cscsanet
    >>> cscsanet.load_specialist("access")
    Specialist(access: detects which devices are active in grant-free random access)

    Raises:
        CscsanetError: no such specialist, or its parameters or weights are missing or damaged.
    """
    if name not in _KINDS:
        raise CscsanetError(
            f"specialist '{name}': there is none of that name; choose one of {', '.join(_KINDS)}"
        )
    if project is None:
        workspace = SpecialistWorkspace(SHIPPED / "no-project", name)
        return Specialist(name, _KINDS[name].load(shipped_specialist_profile(name)), workspace)
    workspace = SpecialistWorkspace(Path(project).resolve(), name)
    return Specialist(name, _KINDS[name].load(workspace.params_file), workspace)


class Specialist:
    """A specialist with trained weights, and the methods that it is compared with.

    name: of the specialist. params: all parameters. network: our `torch.nn.Module`, in evaluation mode.
    """

    def __init__(self, name: str, params: SpecialistParams, workspace: SpecialistWorkspace) -> None:
        self._kind = _KINDS[name]
        self._workspace = workspace
        self.name = name
        self.params = params
        self.network = self._kind.network(params)
        load_weights(self.network, workspace.trained(self._kind.trained(params)[0]), params)

    @property
    def methods(self) -> tuple[str, ...]:
        """The names of the methods that `measure` knows without a training of yours; ours comes first."""
        return self._kind.methods

    def measure(self, method: str | None = None, *, drops: int = 100, **point: Any) -> dict[str, Any]:
        """Measure a method over test drops, and return its row, as the command line prints it.

        method: one of `methods`; None: ours. drops: test drops; half as many choose a threshold. point: keys of the section
        `cell` (access) or `link` (fusion) of the parameters that differ.

        >>> import cscsanet
        >>> cscsanet.load_specialist("access").measure("omp", drops=4, preamble_length=16)["method"]
        'omp'

        Raises:
            CscsanetError: there is no such method or key, or a value is out of range.
        """
        return self._kind.row(self._workspace, self.params, method or self.methods[0], point, drops)

    def detect(self, received: Tensor, book: Tensor, *, snr_db: float, activity: float) -> Tensor:
        """Return the probability of each device to be active, (batch, K); of the specialist `access` alone.

        received: samples at the BS, complex (batch, L, M), over noise of unit power. book: preambles (K, L), complex, of unit
        modulus. snr_db: of a device of mean power at one antenna and symbol [dB]. activity: prior probability of a device.

        Raises:
            CscsanetError: this specialist detects nothing.
        """
        import torch

        if not isinstance(self.network, AccessSystem):
            raise CscsanetError(f"{self.name}: does not detect activity; load_specialist('access') does")
        like = received.real.new_ones(len(received))
        known = Known(snr_db * like, activity * like)
        with torch.inference_mode():
            return torch.sigmoid(self.network(received, book, known)[-1])

    def __repr__(self) -> str:
        return f"Specialist({self.name}: {self._kind.title})"
