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
