"""The reports of the smoke pipeline: every scheme at every point, bounds in their order."""

import itertools
import json

import numpy as np
import pytest
import yaml

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(3000)]


def test_the_bounds_are_in_their_order(finished):
    rows = json.loads((finished.root / "reports/spectral_efficiency.json").read_text())
    for snr in (-25.0, 0.0):
        se = {row["scheme"]: row["sum_se"] for row in rows if row["snr_db"] == snr}
        assert se["random"] < se["genie"] <= se["full-digital"]
        assert se["learned"] < se["genie"]


def test_the_physical_report_has_every_scheme_at_every_point(finished):
    rows = json.loads((finished.root / "reports/physical.json").read_text())
    keys = {"scheme", "snr_db", "csirs_symbols", "feedback_bits", "bs_power_offset_db", "sum_se", "ci_low"}
    assert all(keys | {"ci_high", "seed"} <= set(row) for row in rows)
    points = {
        scheme: {
            (row["snr_db"], row["csirs_symbols"], row["feedback_bits"], row["bs_power_offset_db"])
            for row in rows
            if row["scheme"] == scheme
        }
        for scheme in {row["scheme"] for row in rows}
    }
    every = set(itertools.product((-25.0, 10.0), (2, 8), (16, 64), (20.0, "inf")))
    assert (
        points.pop("genie")
        == points.pop("full-digital")
        == set(itertools.product((-25.0, 10.0), (2, 8), (None,), (None,)))
    )
    assert points.pop("beamspace-dedicated") == {point for point in every if point[1:3] == (8, 64)}
    assert set(points) == {"codebook", "codebook-learned-csirs", "subcarrier", "beamspace-elastic"}
    assert all(measured == every for measured in points.values())
    assert all(row["ci_low"] <= row["sum_se"] <= row["ci_high"] for row in rows)
    assert max(row["share_of_genie"] for row in rows if row["scheme"] != "full-digital") <= 1
    assert {path.name for path in (finished.root / "reports/physical").iterdir()} == {
        f"{name}.png" for name in ("csirs_symbols", "feedback_bits", "csirs_power", "grid", "ageing")
    }


def test_every_scheme_has_a_row_with_its_budget(finished):
    schemes = json.loads((finished.root / "reports/schemes.json").read_text())
    assert [row["scheme"] for row in schemes] == finished.schemes()
    rows = json.loads((finished.root / "reports/evaluation.json").read_text())
    for row in schemes:
        assert [point["snr_db"] for point in row["points"]] in ([-25.0], [None])
        (point,) = row["points"]
        (measured,) = (
            result
            for result in rows
            if (result["scheme"], result["snr_db"]) == (row["scheme"], point["snr_db"])
        )
        assert point.items() <= measured.items()
    over_air = [row["budget"] for row in schemes if row["budget"]["elements"] is not None]
    assert len(over_air) == len([row for row in schemes if row["points"][0]["snr_db"] is not None])
    for equal in ("csirs_symbols", "feedback_bits"):
        assert len({budget[equal] for budget in over_air}) == 1
    # The energy of every block is that of its elements on the air.
    assert all(budget["energy"] == pytest.approx(budget["air_elements"], rel=1e-3) for budget in over_air)


def test_the_separated_report_has_every_part_at_every_point(finished):
    report = json.loads((finished.root / "reports/separated.json").read_text())
    points = {
        (row["part"], row["method"], row["snr_db"], row["csirs_symbols"], row["feedback_bits"])
        for row in report["csi"]
    }
    snrs = (-25.0, 10.0)
    expected = {
        ("estimate", method, snr, length, 64)
        for method in ("least-squares", "pursuit", "learned")
        for snr in snrs
        for length in (2, 8)
    }
    expected |= {
        ("feedback", method, snr, 8, bits)
        for method in ("digits", "learned")
        for snr in snrs
        for bits in (16, 64)
    }
    expected |= {
        ("beams", method, snr, 8, bits)
        for method in ("codebook", "dlcsi-pca", "dlcsi-dl")
        for snr in snrs
        for bits in (16, 64)
    }
    expected |= {("beams", method, snr, 8, 64) for method in ("perfect-pca", "perfect-dl") for snr in snrs}
    expected |= {
        ("hybrid", method, snr, 8, 64)
        for method in ("PCA, 1 stream", "PCA, 2 streams", "genie hybrid")
        for snr in snrs
    }
    assert points == expected
    for row in report["csi"]:
        value = row["nmse_db"] if "nmse_db" in row else row["sum_se"]
        assert row["ci_low"] <= value <= row["ci_high"]
    by_genie = {row["snr_db"]: row["sum_se"] for row in report["csi"] if row["method"] == "genie hybrid"}
    for row in report["csi"]:
        if row["part"] == "hybrid":
            assert row["sum_se"] <= by_genie[row["snr_db"]]
    assert {(row["trained_on"], row["split"]) for row in report["codec"]} == set(
        itertools.product(("white noise", "real link"), ("val", "test"))
    )
    assert {path.name for path in (finished.root / "reports/separated").iterdir()} == {
        f"{name}.png" for name in ("estimate", "feedback", "beams")
    }


def test_the_path_search_is_counted_in_its_loop(finished):
    """The graph holds loops, eager PyTorch unrolls them: two counts of the same products."""
    report = json.loads((finished.root / "reports/complexity.json").read_text())
    searches = [row for row in report["parts"] if row["part"] == "path search"]
    assert {row["group"] for row in searches} >= {"csi", "csi aligned", "acquisition"}
    for row in searches:
        assert row["method"] == "graph"
        assert row["multiply_additions"] == row["counted_by_torch"] > 0
        assert row["seen"] == 1


def test_the_alignment_report_has_every_alignment_at_every_point(finished):
    rows = json.loads((finished.root / "reports/alignment.json").read_text())
    keys = (
        "scheme",
        "alignment",
        "snr_db",
        "data_symbols",
        "miou",
        "ci_low",
        "ci_high",
        "ideal_miou",
        "seed",
    )
    assert all(set(keys) <= set(row) for row in rows)
    kinds = ("none", "learned", "classical", "genie-first")
    conditions = {(row["scheme"], row["alignment"], row["snr_db"], row["data_symbols"]) for row in rows}
    assert conditions == set(itertools.product(("noma",), kinds, (-25.0,), (1, 4)))
    assert all(row["ci_low"] <= row["miou"] <= row["ci_high"] for row in rows)
    evaluated = [
        row
        for row in json.loads((finished.root / "reports/evaluation.json").read_text())
        if row["scheme"] == "noma-aligned" and row["snr_db"] == -25
    ]
    learned = [row for row in rows if row["alignment"] == "learned" and row["data_symbols"] == 4]
    # The same model on the same images, drops and noise.
    assert learned[0]["miou"] == evaluated[0]["miou"]

    robust = json.loads((finished.root / "reports/alignment_robustness.json").read_text())
    conditions = {(row["over"], row["value"]) for row in robust}
    assert conditions == {
        *itertools.product(("bs_power_offset_db",), (20.0, "inf")),
        *itertools.product(("speed_kmh",), (0.0, 250.0)),
        *itertools.product(("oscillator_rad",), (0.0, 1.0)),
    }
    assert {row["alignment"] for row in robust} == {*kinds, "phase-offset"}
    # Without a phase offset the robustness is measured at a point of the comparison.
    unchanged = {
        row["miou"] for row in robust if row["alignment"] == "learned" and row["value"] in (20.0, 0.0)
    }
    assert learned[0]["miou"] in unchanged

    errors = json.loads((finished.root / "reports/alignment_phase.json").read_text())
    noiseless = {
        row["alignment"]: row["rms_rad"]
        for row in errors
        if row["over"] == "csirs_snr_db" and row["csirs_snr_db"] == "inf"
    }
    assert noiseless["oracle"] < noiseless["classical"] < np.pi / np.sqrt(3)
    symbols = yaml.safe_load((finished.root / "params.yaml").read_text())["alignment"]["symbols"]
    assert {row["symbol"] for row in errors if row["over"] == "symbol"} == set(range(symbols))
    figures = {path.name for path in (finished.root / "reports/alignment").iterdir()}
    assert figures == {"phase.png", "miou_noma.png", "robustness_noma.png"}
