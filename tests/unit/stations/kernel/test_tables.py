"""The tables of the compiled CSI unit are those of the modules that need PyTorch."""

import numpy as np
import pytest

from cscsanet.config.codeword import head_orders
from cscsanet.networks.beamspace import path_search
from cscsanet.networks.beamspace.direction_code import codeword_order
from cscsanet.stations.kernel import tables
from cscsanet.stations.session import load_unit
from cscsanet.workflow.workspace import SHIPPED

FOLDER = SHIPPED / "onnx" / "noma-aligned"


@pytest.mark.parametrize("paths", [1, 2, 3, 4])
def test_the_order_of_the_head_is_that_of_the_codeword(paths):
    order = codeword_order(paths, 64)
    assert head_orders(paths) == (order.low_snr, order.high_snr)


def test_grids_and_sweeps_are_those_of_the_search():
    info = load_unit(FOLDER / "ue_rgb_csi.onnx", "ue_rgb_csi").info
    csa = info.params["csa"]
    search = path_search.PathSearch(info.channel, csa["aoa_beams"], csa["aod_beams"])
    made = tables.kernel_tables(
        load_unit(FOLDER / "csirs.onnx", "csirs")(), info.channel, csa["aoa_beams"], csa["aod_beams"]
    )
    grids = {
        "coarse_aoa_grid": "coarse_aoa",
        "coarse_aod_grid": "coarse_aod",
        "coarse_delay_grid": "coarse_delay",
    }
    grids |= {"fine_delay_grid": "fine_delay", "aoa_grid": "aoa_grid", "aod_grid": "aod_grid"}
    for name, buffer in {**grids, "doppler_grid": "doppler_grid"}.items():
        expected = search.get_buffer(buffer).numpy()
        assert made[name].shape == expected.shape
        assert np.abs(made[name] - expected).max() < 1e-6
    assert tables.SWEEPS == path_search._SWEEPS
