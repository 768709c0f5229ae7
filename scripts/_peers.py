"""Others' forecasts beside ours: statsforecast, in an environment of its own (`.peers`).

It wants an older pandas than StockBook, so it is never installed into `.venv`. `scripts/peers.lock`
names what is installed.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _venv

PEERS = _venv.ROOT / ".peers"
LOCK = Path(__file__).with_name("peers.lock")


def ensure() -> Path:
    """Return the Python of `.peers`, made and filled if it is not there."""
    python, stamp = _venv.python_of(PEERS), PEERS / "peers.sha256"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not python.exists() or not stamp.exists() or stamp.read_text() != wanted:
        print("Installing the packages of scripts/peers.lock into .peers (once) …", flush=True)
        venv.create(PEERS, with_pip=True, clear=PEERS.exists())
        _venv.run(python, "-m", "pip", "install", "--disable-pip-version-check", "--quiet",
                  "--no-deps", "--require-hashes", "-r", LOCK)  # fmt: skip
        stamp.write_text(wanted)
    return python


def run(model: str, units: np.ndarray, horizon: int) -> tuple[np.ndarray, float]:
    """Return (n, horizon) forecasts of one model, and the seconds they took (without start).

    Args:
        model: `AutoETS`, `SES`, `CrostonSBA`, `TSB`, `SeasonalNaive`, `MA28`.
        units: (n, T) units a day without NaN.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        np.save(place / "units.npy", units)
        done = subprocess.run(
            [str(ensure()), str(Path(__file__).with_name("_peer_models.py")), model,
             str(place / "units.npy"), str(horizon), str(place / "out.npy")],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        seconds = float(json.loads(done.stdout.splitlines()[-1])["seconds"])
        return np.load(place / "out.npy"), seconds
