"""Models of TR 38.901 need a package that may be missing."""

from fixtures.params import altered

from cscsanet.errors import CscsanetError
from cscsanet.studies.robustness import report


def test_models_are_left_out_with_a_note_where_their_package_is_missing(smoke, monkeypatch, capsys):
    def missing():
        raise CscsanetError("sionna-no-rt: not installed")

    monkeypatch.setattr(report, "package_version", missing)
    params = altered(smoke, robustness={"models": ["CDL-A"]})
    assert report.without_missing_models(params).robustness.models == ()
    assert "left out, since sionna-no-rt: not installed" in capsys.readouterr().err
    assert report.without_missing_models(smoke) is smoke
    assert capsys.readouterr().err == ""


def test_models_stay_where_the_package_is_there(smoke, monkeypatch):
    monkeypatch.setattr(report, "package_version", lambda: "sionna-no-rt 2.2.0")
    params = altered(smoke, robustness={"models": ["CDL-A"]})
    assert report.without_missing_models(params) is params
