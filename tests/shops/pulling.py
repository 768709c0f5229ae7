"""A practice shop, a client and a ledger, without a workbook: for tests of what a pull brings."""

import json
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stockbook import intake
from stockbook.domain.records import StockCount
from stockbook.domain.tables import records
from stockbook.shops.doudian.client import DoudianShop
from stockbook.shops.doudian.transport import Account
from stockbook.shops.sandbox.server import Sandbox, serve
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.store.ledger_store import LedgerStore
from tests.practice import NOW, any_unit


@dataclass
class Pulling:
    """A running practice shop and the ledger that its orders are pulled into.

    `ahead` is how far the PC's clock is ahead of the shop's [s].
    """

    sandbox: Sandbox
    simulation: ShopSimulation
    ledger: LedgerStore
    folder: Path
    ahead: int = 0
    waits: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def clock(self) -> float:
        return float(self.simulation.now + self.ahead)

    def shop(self, **more) -> DoudianShop:
        at = self.sandbox
        return DoudianShop(
            Account(at.gateway, at.app_key, at.app_secret, at.shop_id),
            clock=self.clock,
            sleep=self.waits.append,
            progress=self.said.append,
            token_file=self.folder / "token.json",
            **more,
        )

    def pull(self, shop=None) -> intake.Pulled:
        shop, now = shop or self.shop(), int(self.clock())
        pulled = intake.pull(shop, self.ledger, now=now, history=365, progress=self.said.append)
        counts = [StockCount(at, sku, n, when) for at in [shop.shop_id]
                  for sku, n, when in self.simulation.counts()]  # fmt: skip
        self.ledger.post_counts(counts, now)
        return pulled

    def stock(self):
        return [row for row in records(self.ledger.positions()) if any_unit(row)]

    def truth(self):
        return [row for row in self.simulation.truth()["skus"] if any_unit(row)]

    def post(self, place, body):
        """Ask the practice shop for something; a refusal comes back as (status, answer)."""
        return post(self.sandbox.gateway, place, body)

    def info(self):
        with urllib.request.urlopen(f"{self.sandbox.gateway}/sandbox/info", timeout=30) as answer:
            return json.load(answer)

    def advance(self, seconds):
        self.post("clock", {"advance_seconds": seconds})


def post(gateway, place, body):
    request = urllib.request.Request(
        f"{gateway}/sandbox/{place}", json.dumps(body).encode(), {"Content-Type": "text/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@contextmanager
def pulling(folder, *, skus=12, days=20, seed=3):
    """Start a shop and open an empty ledger."""
    simulation = ShopSimulation(seed=seed, skus=skus, days=days, now=NOW)
    folder.mkdir(parents=True, exist_ok=True)
    with serve(simulation) as sandbox, LedgerStore.open(folder / "l.sqlite") as ledger:
        yield Pulling(sandbox, simulation, ledger, folder)
