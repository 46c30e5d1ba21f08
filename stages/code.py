"""One digest for each stage, of the code that its script reaches: code.yaml, which the other stages depend on."""

from pathlib import Path

from cscsanet.errors import one_line_errors
from cscsanet.workflow.code import write_digests
from cscsanet.workflow.workspace import SOURCE

if __name__ == "__main__":
    with one_line_errors():
        write_digests(Path("code.yaml"), SOURCE)
