"""Fill a workbook from a practice shop: `python3 scripts/demo.py`, nothing else needed.

Makes `.venv` first if need be, then runs `stockbook demo`; arguments go there (`--help`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _venv


def main(arguments: list[str]) -> int:
    """Run the demo in the project's environment."""
    command = [str(_venv.ensure()), "-m", "stockbook", "demo", *arguments]
    environment = {**os.environ, "PYTHONUTF8": "1"}
    return subprocess.run(command, cwd=_venv.ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
