"""How long the stages that are left should take: by earlier runs, and the speed of this machine so far."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from cscsanet.parsing import parse_json, parse_yaml

START_SECONDS = 5.0  # of a stage, until its clock starts: its imports, and DVC before and after it
PRIOR_SECONDS = 30.0  # for which this machine counts as fast as that of the earlier times


def earlier_seconds(reports: Path, profile: str, names: Iterable[str], label: str = "") -> dict[str, float]:
    """Return the seconds that stages took: in this project, or else those that the package knows of the profile.

    Stages whose time is not known are left out. reports: the folder that has times/. label: put before a stage's name
    there, `access/`. names: of stages.
    """
    known = parse_yaml(
        (resources.files("cscsanet") / "config" / "stage_times.yaml").read_text(encoding="utf-8")
    )
    seconds: dict[str, float] = {}
    for name in names:
        try:
            content = parse_json((reports / "times" / f"{label}{name}.json").read_text(encoding="utf-8"))
            seconds[name] = float(content["seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            if name in known.get(profile, {}) and not label:
                seconds[name] = float(known[profile][name])
    return seconds


@dataclass
class Remaining:
    """The time that is left of a run of the pipeline.

    earlier: stage -> seconds of an earlier run. due: the stages that would or may run. restored: whether a stage took its
    results from an earlier run, so that others may, too.
    """

    earlier: Mapping[str, float]
    due: set[str]
    restored: bool = False
    _taken: dict[str, float] = field(default_factory=dict)

    def ran(self, name: str, seconds: float) -> None:
        """Note that a stage ran, and took so long [s]."""
        self.due.discard(name)
        if name in self.earlier:
            self._taken[name] = seconds

    def skipped(self, name: str, *, restored: bool = False) -> None:
        """Note that a stage need not compute anything. restored: since it has its results from an earlier run."""
        self.due.discard(name)
        self.restored |= restored

    def text(self) -> str:
        """Return the time left as words: `about 40 min left`.

        Before a stage has been timed in this run, it is by the earlier times alone.
        """
        expected = sum(self.earlier[name] + START_SECONDS for name in self.due if name in self.earlier)
        unknown = len([name for name in self.due if name not in self.earlier])
        if unknown and not expected:
            return "time left unknown"
        before = sum(self.earlier[name] + START_SECONDS for name in self._taken)
        # A single short stage says little of the speed.
        speed = (sum(self._taken.values()) + PRIOR_SECONDS) / (before + PRIOR_SECONDS)
        words = f"{'at most' if self.restored else 'about'} {duration(expected * speed)} left"
        if not before:
            words += " by the times of an earlier run"
        if unknown:
            words += f", and {unknown} {'stage' if unknown == 1 else 'stages'} of unknown time"
        return words


def duration(seconds: float) -> str:
    """Return a duration in words, coarsely: 45 s, 40 min, 2.5 h."""
    if seconds < 90:
        return f"{max(1, round(seconds / 5) * 5)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
