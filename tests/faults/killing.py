"""Start a refresh as users do, and kill it."""

import contextlib
import os
import subprocess
import sys
from datetime import UTC, datetime


def killed_refresh(at, *, after):
    """Kill `stockbook refresh` after some seconds; return whether it was still running."""
    now = datetime.fromtimestamp(at.simulation.now, UTC).isoformat()
    process = subprocess.Popen(
        [sys.executable, "-m", "stockbook", "refresh", str(at.path), "--now", now],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ.copy(),
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after)
        return False
    process.kill()
    process.wait()
    return True
