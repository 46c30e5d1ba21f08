"""What the terminal shows of result rows."""

import torch
from fixtures.measurements import measurement_of

from cscsanet.cli.tables import difference_table, rows_table
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.scenes.classes import MFNET
from cscsanet.evaluation.compare import Difference
from cscsanet.evaluation.evidence import Condition
from cscsanet.evaluation.measure import constant_prediction
from cscsanet.evaluation.rows import result_row
from cscsanet.scenes.scene_set import SceneSet


def test_no_figure_is_cut_in_a_terminal_of_eighty_columns(monkeypatch, capsys, seeded):
    monkeypatch.setenv("COLUMNS", "80")
    labels = torch.randint(0, 9, (6, 8, 8), generator=seeded, dtype=torch.uint8)
    scenes = SceneSet(
        torch.zeros(6, 4, 8, 8, dtype=torch.uint8), labels, [f"0000{n}{'DN'[n % 2]}" for n in range(6)]
    )
    point = OperatingPoint(-25.0, 8, 1024, 4)
    measurement = measurement_of(Condition("noma-aligned", point), constant_prediction(scenes))
    row = result_row(measurement, point, scenes.night, bootstrap_samples=100, classes=MFNET)
    still = row.model_copy(update={"scheme": "ideal-oma", "snr_db": None})
    rows_table([row, still], point)
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert f"{row.miou:.4f}" in shown
    assert f"{row.ci_low:.4f} .. {row.ci_high:.4f}" in shown
    assert "ideal-oma (no channel)" in shown


def test_names_of_files_are_no_markup_and_send_the_terminal_no_codes(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    name = "[red]a[/red][/none]\x1b]0;title\x07\u202e"
    values = {field: 0.25 for field in Difference._fields if field.startswith(("miou", "diff", "ci"))}
    others = dict.fromkeys(("a", "b", "point"), name)
    difference_table([Difference(**{"paired": True, **others, **values})])
    shown = capsys.readouterr().out
    assert shown.count("[red]a[/red][/none]\\x1b]0;title\\x07\\u202e") == 3
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_differences_fit_a_terminal_of_eighty_columns(monkeypatch, capsys):
    """Whole names, points and figures, with the names once for all points of a pair."""
    monkeypatch.setenv("COLUMNS", "80")
    pairs = [("noma-tracked@seed-2", "digital-coded@seed-2"), ("noma", "oma")]
    points = ["-25 dB, L 8, B 1024, Q 4", "-10 dB, L 8, B 1024, Q 4"]
    differences = [
        Difference(a, b, point, 0.3111, 0.3222, -0.0111, -0.0222, 0.0333, paired=True)
        for a, b in pairs
        for point in points
    ]
    difference_table(differences)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    row = "0.3111  0.3222  -0.0111  -0.0222 .. +0.0333"
    assert [" ".join(line.split()) for line in lines if row.split()[0] in line] == 2 * [
        f"{point} {' '.join(row.split())}" for point in points
    ]
    for name in [name for pair in pairs for name in pair]:
        assert sum(name in line.replace(" -", "").split() for line in lines) == 1
