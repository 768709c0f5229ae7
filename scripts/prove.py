"""The long proofs: the same tests as in CI, with large counts.

    python3 scripts/prove.py                 all of them, at the counts the requirements name
    python3 scripts/prove.py kills --count 50

Each proof is a test that reads its count from the environment; CI runs it with a small one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _venv

LAW = "test_req_03_shuffled_doubled_and_overlapping_pulls_give_one_ledger"
PROOFS = {  # name: (environment variable, count, tests, what it shows)
    "seeds": (
        "STOCKBOOK_PROVE_SEEDS",
        200,
        (f"tests/store/test_ledger_store.py::{LAW}",),
        "10,000 orders, shuffled, 30 % doubled, overlapping: one balance hash",
    ),
    "kills": (
        "STOCKBOOK_PROVE_KILLS",
        200,
        ("tests/faults/test_killed.py", "tests/faults/test_watch_killed.py"),
        "a refresh, an import or a watch killed at any instant loses and doubles nothing",
    ),
    "publish": (
        "STOCKBOOK_PROVE_KILLS",
        200,
        ("tests/faults/test_publish_killed.py",),
        "a publishing killed at any instant leaves the shop and the ledger equal after the next",
    ),
    "burst": (
        "STOCKBOOK_PROVE_BURST",
        500,
        ("tests/faults/test_push_burst.py", "-s"),
        "so many orders a second for a minute, pushed and polled: acknowledged at once, all land",
    ),
}
LIVES = {"STOCKBOOK_PROVE_ORDERS": "10000"}


def main(arguments: list[str]) -> int:
    """Run the chosen proofs; exit 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("proof", nargs="*", choices=[*PROOFS, []], help="default: all")
    parser.add_argument("--count", type=int, help="how many instead of the usual number")
    chosen = parser.parse_args(arguments)
    python = _venv.ensure("requirements-dev.lock")
    failed = 0
    for name in chosen.proof or PROOFS:
        variable, count, tests, shows = PROOFS[name]
        number = str(chosen.count or count)
        print(f"{name} × {number}: {shows}", flush=True)
        number += "x60" if name == "burst" else ""
        environment = {**os.environ, **LIVES, variable: number, "PYTHONUTF8": "1"}
        workers = "0" if "-s" in tests else "2"  # what workers print is not shown
        command = [str(python), "-m", "pytest", "-q", "-n", workers, *tests]
        done = subprocess.run(command, cwd=_venv.ROOT, env=environment, check=False)
        failed += done.returncode != 0
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
