"""Commands of the tests that run as forks: like others, but with the large libraries imported."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.pipeline


def run(project, folder: Path, *arguments: str, text: str, **variables: str):
    (folder / "script.py").write_text(text)
    return project.run("python", str(folder / "script.py"), *arguments, check=False, **variables)


def test_a_script_has_its_arguments_folder_environment_and_streams(finished, tmp_path):
    text = (
        "import os, sys\nprint(sys.argv[1:], os.getcwd(), os.environ['COLOUR'], 'torch' in sys.modules)\n"
        "print(sys.modules.get('cscsanet'), file=sys.stderr)\n"
        "from cscsanet.workflow.workspace import SOURCE\nprint(SOURCE)\n"
    )
    done = run(finished, tmp_path, "a", "b c", text=text, COLOUR="blue")
    assert done.stdout.splitlines() == [
        f"['a', 'b c'] {finished.root} blue True",
        str(finished.root / "src"),
    ]
    assert done.stderr.splitlines() == ["None"]
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        ("raise SystemExit(3)", 3, ""),
        ("raise SystemExit('stopped')", 1, "stopped"),
        ("1 / 0", 1, "ZeroDivisionError"),
        ("import os; os._exit(4)", 1, ""),
    ],
)
def test_a_script_that_fails_is_a_command_that_fails(finished, tmp_path, text, status, says):
    done = run(finished, tmp_path, text=text)
    assert done.returncode == status
    assert says in done.stderr


def test_a_killed_command_takes_its_script_along(finished, tmp_path):
    noted, script = tmp_path / "noted", tmp_path / "script.py"
    script.write_text(
        f"import os, pathlib, time\npathlib.Path({str(noted)!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
    )
    command = subprocess.Popen(["python", str(script)], env=finished.environment())
    wait_for(lambda: noted.exists() and noted.read_text())
    process = Path("/proc") / noted.read_text()
    assert process.name != str(command.pid)
    assert process.exists()
    os.kill(command.pid, signal.SIGKILL)
    command.wait()
    wait_for(lambda: not process.exists())


def wait_for(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
