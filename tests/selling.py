"""A practice shop with stock of its own, and a ledger that publishes to it, without a workbook."""

import json
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stockbook import intake, publishing
from stockbook.domain.tables import CATALOGUE
from stockbook.settings import Settings
from stockbook.shop_look import Task, look
from stockbook.shops.doudian.client import DoudianShop
from stockbook.shops.doudian.transport import Account
from stockbook.shops.sandbox.server import Sandbox, serve
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.store.ledger_store import LedgerStore
from stockbook.workbook.inputs import Inputs
from tests.practice import NOW, any_unit
from tests.shops.ledgers import post_what_people_know
from tests.shops.pulling import post


@dataclass
class Selling:
    """A gated practice shop, its ledger, and its people.

    Attributes:
        settle: How long to wait between reading stock and orders [s].
        ticks: Seconds that pass with every word of progress: the shop sells while one works.
    """

    sandbox: Sandbox
    simulation: ShopSimulation
    ledger: LedgerStore
    folder: Path
    settle: float = 0
    ticks: int = 0
    waits: list[float] = field(default_factory=list)
    buffer: dict[str, int] = field(default_factory=dict)
    buffer_units: float = 0

    def progress(self, _):
        if self.ticks:
            self.advance(self.ticks)

    def sleep(self, seconds):
        self.waits.append(seconds)
        if seconds >= 1:
            self.advance(int(seconds))

    def shop(self):
        at = self.sandbox
        return DoudianShop(
            Account(at.gateway, at.app_key, at.app_secret, at.shop_id),
            clock=lambda: float(self.simulation.now),
            sleep=lambda _: None,
            token_file=self.folder / "token.json",
        )

    def task(self, shop=None):
        settings = Settings(settle_seconds=self.settle, buffer_units=self.buffer_units)
        inputs = Inputs(settings, CATALOGUE.empty(), (), {}, buffer=self.buffer)
        shop = shop or self.shop()
        return Task(shop, self.ledger, inputs, self.simulation.now, self.progress, self.sleep)

    def know(self):
        """What the shop's people know: kits, counts, and what came and went."""
        post_what_people_know(self.ledger, self.simulation)

    def pull(self):
        task = self.task()
        intake.pull(task.shop, self.ledger, now=task.now, history=365, progress=lambda _: None)

    def publish(self, *, apply=True, shop=None):
        return publishing.publish(self.task(shop), apply=apply)

    def reconcile(self):
        return look(self.task())

    def advance(self, seconds):
        self.post("clock", {"advance_seconds": seconds})

    def post(self, place, body):
        status, answer = post(self.sandbox.gateway, place, body)
        assert status == 200, answer
        return answer

    def get(self, place):
        address = f"{self.sandbox.gateway}/sandbox/{place}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)

    def shown(self):
        """What the shop shows, by platform SKU."""
        return {row["shop_sku_id"]: row for row in self.get("stock")["skus"]}

    def spots(self):
        return {key: row["stock_num"] for key, row in self.shown().items()}

    def writes(self):
        """What was changed on the shop through its interface."""
        return self.get("oversold")["changes"]

    def truth(self):
        return [row for row in self.simulation.truth()["skus"] if any_unit(row)]

    def item(self, *, least=5):
        """A plain item of which there is some."""
        return next(
            i
            for i in self.simulation.items
            if not (i.parts or i.presale or i.is_gift or i.warehouse)
            and self.simulation.free(i) >= least
        )

    def differences(self):
        """Where the shop shows something else than the house has, of what may be published."""
        shop = self.simulation
        return {
            i.sku: (self.spots()[str(i.shop_sku_id)], shop.free(i))
            for i in shop.items
            if not i.presale and self.spots()[str(i.shop_sku_id)] != max(0, shop.free(i))
        }


@contextmanager
def selling(folder, *, skus=12, days=20, seed=3, rich=False, **more):
    """Start a gated shop, pull its orders and enter what its people know."""
    shop = ShopSimulation(seed=seed, skus=skus, days=days, now=NOW, rich=rich, gated=True)
    folder.mkdir(parents=True, exist_ok=True)
    with serve(shop) as sandbox, LedgerStore.open(folder / "l.sqlite") as ledger:
        at = Selling(sandbox, shop, ledger, folder, **more)
        at.pull()
        at.know()
        yield at
