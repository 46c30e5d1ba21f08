"""One digest for each stage, of the code that its script reaches: code.yaml, which the other stages depend on.

A name on the command line is that of a specialist, whose pipeline is in specialists/.
"""

import sys
from pathlib import Path

from cscsanet.errors import one_line_errors
from cscsanet.workflow.code import write_digests
from cscsanet.workflow.workspace import SOURCE

if __name__ == "__main__":
    with one_line_errors():
        folder = Path("specialists", sys.argv[1]) if len(sys.argv) > 1 else Path()
        write_digests(folder / "code.yaml", SOURCE)
