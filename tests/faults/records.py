"""Write reports/benchmarks/reliability.json from the rows of a soak: `python tests/faults/records.py ROWS...`."""

import json
import platform
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from cscsanet.files import write_json

sys.path.insert(0, str(Path(__file__).parents[1]))
from faults.plan import faults

REPORT = Path(__file__).parents[2] / "reports" / "benchmarks" / "reliability.json"
LIBRARIES = ("dvc", "lightning", "mlflow", "safetensors", "torch")


def main(files: list[str]) -> None:
    rows = {}
    for file in files:
        for line in Path(file).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            # Of a fault that was tried again, the last row counts.
            rows[tuple(row.get(key, "") for key in ("kind", "target", "how", "other", "command"))] = row
    ordered = sorted(
        rows.values(), key=lambda row: [row[key] for key in ("kind", "target", "how", "command")]
    )
    content = {
        "what": "faults that were let happen to a finished project of the smoke profile, and what came of each",
        "planned": len(faults(REPORT.parents[2])),
        "faults": len(ordered),
        "verdicts": dict(sorted(Counter(row["verdict"] for row in ordered).items())),
        "seconds": round(sum(row["seconds"] for row in ordered)),
        "rows": ordered,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    }
    write_json(REPORT, content)
    print(f"{REPORT}: {content['faults']} faults, {content['verdicts']}")


if __name__ == "__main__":
    main(sys.argv[1:])
