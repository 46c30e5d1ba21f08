"""UEs that acquire their channel by the compiled kernel instead of by their unit in ONNX Runtime.

Only the commands use them: the pipeline measures the units.
"""

from pathlib import Path
from typing import Literal

from cscsanet.errors import CscsanetError
from cscsanet.stations.metadata import CSIRS
from cscsanet.stations.session import Unit, load_unit
from cscsanet.stations.stations import Csirs, UeStation, load_ue

Search = Literal["auto", "fused", "onnx"]
SEARCHES: tuple[Search, ...] = ("auto", "fused", "onnx")


class SearchingUe(UeStation):
    """A UE that says how it acquires its channel.

    search: fused or onnx. why_onnx: why it is onnx where that was left open, else "".
    """

    def __init__(
        self, csi: Unit, transmitter: Unit, csirs: Csirs, search: Search, why_onnx: str = ""
    ) -> None:
        super().__init__(csi, transmitter, csirs)
        self._search, self._why_onnx = search, why_onnx

    @property
    def search(self) -> Search:
        """How it acquires its channel, fused or onnx."""
        return self._search

    @property
    def why_onnx(self) -> str:
        """Why not by the kernel, where that was left open."""
        return self._why_onnx


def load_searching_ue(
    folder: Path, modality: str, scheme: str, threads: int = 1, search: str = "auto"
) -> SearchingUe:
    """Load the units of one UE, and no other units, from the folder of a scheme.

    search: how it acquires its channel. onnx: by its unit in ONNX Runtime. fused: by the compiled kernel, which
    computes the same on one core in a fraction of the time. auto: by the kernel where it can be built.

    Raises:
        CscsanetError: as `load_ue`; or the search is fused, and the kernel cannot be built.
    """
    station = load_ue(folder, modality, scheme, threads)
    parts = (station.transmitter, station.csirs)
    if search == "onnx":
        return SearchingUe(station.csi, *parts, "onnx")
    # Imports `onnx`, which the other stations do without.
    from cscsanet.stations.kernel.unit import CompiledCsi

    try:
        csirs = load_unit(folder / f"{CSIRS}.onnx", CSIRS, scheme, threads)()
        return SearchingUe(CompiledCsi(station.csi, csirs), *parts, "fused")
    except CscsanetError as error:
        if search == "fused":
            raise
        return SearchingUe(station.csi, *parts, "onnx", str(error))
