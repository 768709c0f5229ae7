"""A practice shop with a filled workbook, for the tests that walk the whole line."""

import json
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stockbook import actions, demo, running
from stockbook.shops.sandbox.server import Sandbox, serve
from stockbook.shops.sandbox.simulation import ShopSimulation

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
def practice(folder: Path, *, skus=24, days=40, seed=3):
    """Start a shop, make a workbook, pull, count, and refresh once."""
    simulation = ShopSimulation(seed=seed, skus=skus, days=days, now=NOW)
    path, data = folder / "店 铺.xlsm", folder / "data"
    with serve(simulation) as sandbox, demo.environment(sandbox, data):
        at = Practice(sandbox, simulation, path, data)
        actions.new(path, shop_name="练习店")
        actions.pull(path, at.run())
        demo.enter_what_people_know(path, simulation)
        at.refresh()
        yield at
