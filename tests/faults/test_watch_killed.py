"""A watch that is killed at any instant, and one that is asked to stop."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime

from stockbook import actions
from tests.faults.killing import left_behind
from tests.practice import any_unit, practice
from tests.test_watch import until

KILLS = int(os.environ.get("STOCKBOOK_PROVE_KILLS") or 10)


@contextmanager
def watch(at):
    """Run `stockbook watch` on the workbook as a process; yields it and the statuses it prints."""
    now = datetime.fromtimestamp(at.simulation.now, UTC).isoformat()
    process = subprocess.Popen(
        [sys.executable, "-m", "stockbook", "watch", at.path, "--every", "1", "--write-minutes",
         "0", "--now", now, "--json"],
        stdout=subprocess.PIPE, text=True, encoding="utf-8", env=os.environ.copy(),
    )  # fmt: skip
    shown = []

    def read():
        # the last line may be cut
        shown.extend(json.loads(line) for line in process.stdout if line.endswith("}\n"))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield process, shown
    finally:
        process.kill()
        process.wait()
        reader.join(5)
        process.stdout.close()


def stock(at):
    return [row for row in at.stock() if any_unit(row)]


def test_a_watch_killed_anywhere_loses_and_doubles_nothing(tmp_path):
    dice = random.Random(5)
    with practice(tmp_path, skus=20, days=25) as at:
        for _ in range(KILLS):
            with watch(at) as (_, shown):
                if (
                    dice.random() < 2 / 3
                ):  # else killed while it starts and reads for the first time
                    until(lambda shown=shown: shown)
                ends = time.monotonic() + dice.uniform(0.2, 3)
                while time.monotonic() < ends:
                    at.post("clock", {"advance_seconds": 60})
                    time.sleep(0.05)
            assert actions.audit(at.path) == []
            at.refresh()
            assert stock(at) == at.truth()
        assert left_behind(at, tmp_path) == []


def test_a_watch_ends_cleanly_and_says_what_it_did(tmp_path):
    with practice(tmp_path, skus=10, days=20) as at, watch(at) as (process, shown):
        until(lambda: shown)
        at.post("clock", {"advance_seconds": 300})
        until(lambda: shown[-1]["orders"] > 0 or shown[-1]["read_at"] > shown[0]["read_at"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert shown[-1]["trouble"] == ""
