"""Training of the separate design: its networks learn to describe channels. The best validation metric is that of all forms."""

import torch
from torch import Tensor

from cscsanet.specialists.fusion.baselines.autoencoder import Autoencoder
from cscsanet.specialists.fusion.link.operating_point import draw_fusion
from cscsanet.specialists.fusion.task import FusionTask, air_of, draw_link
from cscsanet.training.seeds import host_generator


class AutoencoderTask(FusionTask):
    """Minimise the NMSE of decoded channels, over the links of the training."""

    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Return the mean NMSE, linear."""
        assert isinstance(self.system, Autoencoder)
        host = host_generator(generator)
        errors = []
        for part in batch.tensor_split(self.links.parts):
            link = draw_link(self.params, host)
            air = air_of(self.params.air, link.users)
            conditions = self.conditions(link, len(part), generator)
            drops = draw_fusion(air.sector, air.comb, self.params.air.ports, conditions, generator)
            errors.append(self.system.error(drops, conditions, link.bits).mean())
        return torch.stack(errors).mean()
