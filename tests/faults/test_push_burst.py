"""Pushed messages by the hundred, some lost, doubled, late or forged, while orders pour in."""

import os
import sys
import time
from contextlib import contextmanager

import pytest
import requests

from stockbook import actions, demo, running
from stockbook.shops.sandbox.server import serve
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.watcher import Options
from tests.practice import any_unit
from tests.test_watch import running_watch, until

RATE, SECONDS = map(int, (os.environ.get("STOCKBOOK_PROVE_BURST") or "60x4").split("x"))
SHARES = {"share_lost": 0.1, "share_doubled": 0.1, "forged_share": 0.05, "disorder_seconds": 1}


def ticking():
    return running.Run(int(time.time()), time.time, lambda _: None)


@contextmanager
def selling(folder):
    """A shop whose clock runs, its filled workbook, and the gateway."""
    simulation = ShopSimulation(seed=9, skus=16, days=20, now=int(time.time()))
    path = folder / "book.xlsm"
    with serve(simulation, live=True) as sandbox, demo.environment(sandbox, folder / "data"):
        actions.new(path)
        actions.pull(path, ticking())
        demo.enter_what_people_know(path, simulation)
        yield path, simulation, sandbox.gateway


def equal_to_truth(path, simulation):
    """The clock runs on, so what is compared has to be caught at one instant."""
    for _ in range(20):
        actions.pull(path, ticking())
        found = [row for row in actions.stock(path) if any_unit(row)]
        if found == [row for row in simulation.truth()["skus"] if any_unit(row)]:
            return True
    return False


def test_a_burst_is_acknowledged_at_once_and_lands_whole(tmp_path):
    with selling(tmp_path) as (path, simulation, gateway):
        item = next(i for i in simulation.items if not i.parts)
        simulation.house.put_back(item, RATE * SECONDS)  # the shop sells on, whatever is there
        options = Options(every=5, write_minutes=1, listen=("127.0.0.1", 0))
        with running_watch(path, ticking(), options) as shown:
            push = {"url": shown[-1].listens, "algorithm": "hmac-sha256", "seed": 3, **SHARES}
            requests.post(f"{gateway}/sandbox/push", json=push, timeout=30).raise_for_status()
            before = len(simulation.orders)
            burst = {"sku": item.sku, "orders_per_second": RATE, "seconds": SECONDS, "units": 1}
            requests.post(f"{gateway}/sandbox/burst", json=burst, timeout=30).raise_for_status()
            until(lambda: len(simulation.orders) - before >= RATE * SECONDS, SECONDS + 100)
            until(lambda: told(gateway)["waiting"] == 0, 200)
            counts = told(gateway)
            made = len(simulation.orders) - before
            until(lambda: shown[-1].orders >= made, 120)  # what push lost, polling brings
        assert counts["lost"] > 0
        assert counts["acknowledged"] >= counts["made"] - counts["lost"]
        assert counts["given_up"] == 0
        assert counts["forged"] > 0 == counts["forged_taken"]
        assert "签名不对" in shown[-1].pushed or "别的应用" in shown[-1].pushed
        sys.stdout.write(f"\n{made} orders made, {shown[-1].orders} read; push: {counts}\n")
        assert actions.audit(path) == []
        assert equal_to_truth(path, simulation)


def told(gateway):
    return requests.get(f"{gateway}/sandbox/push", timeout=30).json()


pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
