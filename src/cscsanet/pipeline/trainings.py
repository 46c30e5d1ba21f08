"""Every training by its name, for stages that run trainings again under other seeds or other assumptions."""

from collections.abc import Callable, Mapping

from cscsanet.config.params import Params
from cscsanet.pipeline.codec import (
    AWGN_DEPENDS,
    LEAN_DEPENDS,
    LINK_DEPENDS,
    codec_lean_training,
    codec_link_training,
    codec_training,
)
from cscsanet.pipeline.csi import DEPENDS as CSI_DEPENDS
from cscsanet.pipeline.csi import acquisition_training, feedback_training, precoding_training
from cscsanet.pipeline.digital import DEPENDS as DIGITAL_DEPENDS
from cscsanet.pipeline.digital import PRIOR_DEPENDS, digital_prior_training, digital_training
from cscsanet.pipeline.run import Training
from cscsanet.pipeline.stage1 import DEPENDS as SEMANTIC_DEPENDS
from cscsanet.pipeline.stage1 import OMA_DEPENDS, semantic_oma_training, semantic_training
from cscsanet.pipeline.stage2 import DEPENDS as PHYSICAL_DEPENDS
from cscsanet.pipeline.stage2 import physical_training
from cscsanet.pipeline.stage3 import DEPENDS as JOINT_DEPENDS
from cscsanet.pipeline.stage3 import TRAININGS, joint_training
from cscsanet.workflow.stage import Stage

# The parameters that any of the trainings depends on.
DEPENDS = tuple(
    dict.fromkeys(
        (
            *SEMANTIC_DEPENDS,
            *OMA_DEPENDS,
            *PHYSICAL_DEPENDS,
            *JOINT_DEPENDS,
            *CSI_DEPENDS,
            "acquisition",
            "feedback",
            "precoding",
            *AWGN_DEPENDS,
            *LINK_DEPENDS,
            *LEAN_DEPENDS,
            *DIGITAL_DEPENDS,
            *PRIOR_DEPENDS,
        )
    )
)

# Name of the weights -> their replacement.
Replaced = Mapping[str, str]
_DESCRIBE: Mapping[str, Callable[[Stage, Params, str, Replaced], Training]] = {
    "semantic": lambda stage, params, name, replaced: semantic_training(stage, params, name),
    "semantic_oma": semantic_oma_training,
    "physical": lambda stage, params, name, replaced: physical_training(stage, params, name),
    "acquisition": acquisition_training,
    "feedback": feedback_training,
    "precoding": precoding_training,
    "codec": codec_training,
    "codec_link": codec_link_training,
    "codec_lean": codec_lean_training,
    "digital": digital_training,
    "digital_prior": digital_prior_training,
}


def describe(training: str, stage: Stage, params: Params, name: str, replaced: Replaced) -> Training:
    """Describe a training of the pipeline. name: of its weights. replaced: weights that it reads instead of others."""
    if training in TRAININGS:
        return joint_training(stage, params, name, TRAININGS[training], replaced)
    return _DESCRIBE[training](stage, params, name, replaced)
