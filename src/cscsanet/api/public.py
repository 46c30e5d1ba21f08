"""The public names, which `cscsanet` imports on first use."""

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
    "draw_channels",
    "evaluate_link",
    "load",
    "load_scenes",
    "load_specialist",
    "render_scenes",
    "schemes",
    "specialist_models",
]
