"""CSC-SA-Net: learned massive-MIMO semantic communication, rebuilt end to end (arXiv 2509.19312).

    >>> import cscsanet
    >>> link = cscsanet.load("noma-aligned")
    >>> link.transmit("rgb.png", "thermal.png", snr_db=-20).show()  # doctest: +SKIP

The public names are those of `__all__`, and the building blocks in `cscsanet.phy`. All others may change.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cscsanet import phy
    from cscsanet.api.channels import Channels, draw_channels
    from cscsanet.api.evaluation import Evaluation
    from cscsanet.api.link import TrainedLink, load, schemes
    from cscsanet.api.scenes import Scenes, load_scenes, render_scenes
    from cscsanet.api.sent import Sent
    from cscsanet.api.specialist import Specialist, load_specialist, specialist_models
    from cscsanet.api.user_link import evaluate_link
    from cscsanet.config.operating_point import OperatingPoint
    from cscsanet.errors import CscsanetError
    from cscsanet.links.link import Link, Transmission

__version__ = "0.1.0"

__all__ = [
    "Channels",
    "CscsanetError",
    "Evaluation",
    "Link",
    "OperatingPoint",
    "Scenes",
    "Sent",
    "Specialist",
    "TrainedLink",
    "Transmission",
    "__version__",
    "draw_channels",
    "evaluate_link",
    "load",
    "load_scenes",
    "load_specialist",
    "phy",
    "render_scenes",
    "schemes",
    "specialist_models",
]


def __getattr__(name: str) -> Any:
    # On first use, so that the command line starts without PyTorch.
    if name not in __all__:
        raise AttributeError(f"module 'cscsanet' has no attribute '{name}'")
    if name == "phy":
        import cscsanet.phy as module

        return module
    from cscsanet.api import public

    return getattr(public, name)


def __dir__() -> list[str]:
    return sorted(__all__)
