"""The hardware of a training, in the words of Lightning: accelerator, strategy and cluster."""

import os
from datetime import timedelta

import torch
from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy

from cscsanet import processes
from cscsanet.config.run_params import ComputeParams
from cscsanet.errors import CscsanetError

# The first process may write or validate for long while the others wait. One that fails ends all.
_PATIENCE = timedelta(days=1)


def on_gpu(compute: ComputeParams) -> bool:
    """Whether a training computes on a GPU.

    Raises:
        CscsanetError: it is to, and there is none.
    """
    if compute.accelerator == "gpu" and not torch.cuda.is_available():
        raise CscsanetError(
            "params.yaml: compute.accelerator = gpu: no GPU that PyTorch can use; set auto or cpu"
        )
    return compute.accelerator != "cpu" and torch.cuda.is_available()


def strategy(compute: ComputeParams) -> DDPStrategy | SingleDeviceStrategy:
    """Return how the processes share a training: by the mean of their gradients, or not at all."""
    if processes.count() == 1:
        return SingleDeviceStrategy(device="cuda:0" if on_gpu(compute) else "cpu")
    return DDPStrategy(
        process_group_backend="nccl" if on_gpu(compute) else "gloo",
        # A point may leave networks without a gradient.
        find_unused_parameters=True,
        # `MeanStatistics` keeps them alike.
        broadcast_buffers=False,
        timeout=_PATIENCE,
    )


def environment() -> ClusterEnvironment:
    """Return who started the processes: torchrun, SLURM, or nobody."""
    if processes.count() == 1:
        return LightningEnvironment()
    return TorchElasticEnvironment() if "RANK" in os.environ else SLURMEnvironment(auto_requeue=False)
