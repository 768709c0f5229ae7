"""Start a command as users do, and kill it."""

import contextlib
import os
import subprocess
import sys
import time
from datetime import UTC, datetime


def killed(at, command, *words, after=None):
    """Kill a command on the workbook after some seconds; return how long it ran, None if killed.

    Without `after` it may end.
    """
    now = datetime.fromtimestamp(at.simulation.now, UTC).isoformat()
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "stockbook", command, at.path, *words, "--now", now],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ.copy(),
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        assert process.wait(after) == 0
        return time.monotonic() - began
    process.kill()
    process.wait()
    return None


def left_behind(at, folder):
    """Return the drafts that killed processes left and the next refresh does not clear away.

    A young draft may be another process's, at work on a workbook beside it; so all are made old.
    """
    for draft in folder.rglob("*.tmp*"):
        os.utime(draft, (0, 0))
    at.post("clock", {"advance_seconds": 3600})  # something to write
    at.refresh()
    return list(folder.rglob("*.tmp*"))
