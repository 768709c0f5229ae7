"""Make `.venv` and install what the lock file names; only the standard library is used here.

`ensure()` returns the environment's Python. The work is done once a lock file: a stamp inside
`.venv` holds the lock's hash, so a changed lock installs anew and an unchanged one costs nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)
NEEDED_MB = 1500


def python_of(folder: Path) -> Path:
    """The interpreter inside a virtual environment, on Windows and elsewhere."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def complain(*lines: str) -> None:
    """Say what is wrong and stop, without a traceback."""
    print(*lines, sep="\n", file=sys.stderr)
    raise SystemExit(1)


def check_machine() -> None:
    """Refuse a Python that is too old or a disk that is too full, in words."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        complain(
            f"StockBook needs Python 3.11 or newer; this is Python {found} ({sys.executable}).",
            "Install a newer Python from python.org and run this script with it.",
            f"StockBook 需要 Python 3.11 或更新版本，当前是 {found}。请从 python.org 安装后重试。",
        )
    free = shutil.disk_usage(ROOT).free // 2**20
    if not VENV.exists() and free < NEEDED_MB:
        complain(
            f"The disk has {free} MB free; the packages need about {NEEDED_MB} MB.",
            f"Free some space beside {ROOT} and run this again.",
            f"磁盘只剩 {free} MB，安装大约需要 {NEEDED_MB} MB。请清理后重试。",
        )


def run(*command: str | Path) -> None:
    """Run one installation step; on failure show what it said and how to mend it."""
    done = subprocess.run(
        [*map(str, command)], cwd=ROOT, text=True, capture_output=True, check=False
    )
    if done.returncode:
        complain(
            (done.stdout + done.stderr)[-4000:],
            "",
            "The packages could not be installed (see above).",
            "Check the network, proxy or package mirror that pip uses, then run this again.",
            "安装依赖失败（原因见上）。请检查网络、代理或 pip 镜像设置后重试。",
        )


def ensure(lock_name: str = "requirements.lock") -> Path:
    """Return the Python of a `.venv` that holds exactly what the lock file names.

    Args:
        lock_name: `requirements.lock` to run StockBook, `requirements-dev.lock` to test it.
    """
    check_machine()
    lock, python = ROOT / lock_name, python_of(VENV)
    stamp = VENV / f"{lock_name}.sha256"
    parts = lock.read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    wanted = hashlib.sha256(parts).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"Installing the packages of {lock_name} into .venv (once) …", flush=True)
    try:
        if not python.exists():
            venv.create(VENV, with_pip=True, clear=VENV.exists())
        run(python, "-m", "pip", "install", "--disable-pip-version-check", "--quiet",
            "--no-deps", "--require-hashes", "-r", lock)  # fmt: skip
        run(python, "-m", "pip", "install", "--disable-pip-version-check", "--quiet",
            "--no-build-isolation", "--no-deps", "-e", ROOT)  # fmt: skip
    except subprocess.CalledProcessError as error:
        complain(
            f"The virtual environment could not be made: {error}",
            "On Debian and Ubuntu: apt-get install python3-venv",
        )
    except OSError as error:
        complain(f"{error}", "The environment could not be written; is the disk full or read-only?")
    for old in VENV.glob("*.sha256"):
        old.unlink()
    stamp.write_text(wanted)
    if lock_name == "requirements-dev.lock":  # it holds all that the smaller lock names
        small = ROOT / "requirements.lock"
        parts = small.read_bytes() + (ROOT / "pyproject.toml").read_bytes()
        (VENV / f"{small.name}.sha256").write_text(hashlib.sha256(parts).hexdigest())
    return python
