"""A practice shop with a filled workbook, for the tests that walk the whole line."""

import atexit
import json
import pickle
import shutil
import tempfile
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from stockbook import actions, demo, running
from stockbook.shops.sandbox.server import Sandbox, serve
from stockbook.shops.sandbox.simulation import ShopSimulation

BOOK, DATA = "店 铺.xlsm", "data"
NOW = 1796868600  # 2026-12-10 10:10 in Beijing


def a_run(now: int) -> running.Run:
    return running.Run(now, lambda: float(now), lambda _: None)


@dataclass
class Practice:
    """A sandbox, the workbook filled from it, and what its people do."""

    sandbox: Sandbox
    simulation: ShopSimulation
    path: Path
    data: Path

    def run(self) -> running.Run:
        return a_run(self.simulation.now)

    def refresh(self) -> running.Report:
        return actions.refresh(self.path, self.run())

    def stock(self) -> list[dict[str, Any]]:
        return actions.stock(self.path)

    def post(self, place: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.sandbox.gateway}/sandbox/{place}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def truth(self) -> list[dict[str, Any]]:
        return [row for row in self.simulation.truth()["skus"] if any_unit(row)]


def any_unit(row: dict[str, Any]) -> bool:
    return any(v for v in row.values() if isinstance(v, int))


@contextmanager
def practice(folder: Path, *, skus=24, days=40, seed=3, anew=False):
    """Start a shop with a workbook that was pulled, counted and refreshed once.

    Args:
        anew: Filled in its place; others are copies of one, which undo does not follow.
    """
    if anew:
        simulation = fill(folder, skus, days, seed)
    else:
        kept, pickled = filled(skus, days, seed)
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        simulation = pickle.loads(pickled)
    with serve(simulation) as sandbox, demo.environment(sandbox, folder / DATA):
        yield Practice(sandbox, simulation, folder / BOOK, folder / DATA)


@cache
def filled(skus: int, days: int, seed: int) -> tuple[Path, bytes]:
    """Fill a folder once for all tests of this process; return it, and the shop."""
    folder = Path(tempfile.mkdtemp(prefix="practice-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder, pickle.dumps(fill(folder, skus, days, seed))


def fill(folder: Path, skus: int, days: int, seed: int) -> ShopSimulation:
    """Make a shop, pull its orders into a workbook, enter what its people know, refresh."""
    simulation = ShopSimulation(seed=seed, skus=skus, days=days, now=NOW)
    with serve(simulation) as sandbox, demo.environment(sandbox, folder / DATA):
        at = Practice(sandbox, simulation, folder / BOOK, folder / DATA)
        actions.new(at.path, shop_name="练习店")
        actions.pull(at.path, at.run())
        demo.enter_what_people_know(at.path, simulation)
        at.refresh()
    return simulation
