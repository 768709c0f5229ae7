"""Kits that the platform names: they ask for their components until people have written them."""

from stockbook import intake
from stockbook.domain.kits import parse_components
from stockbook.shops.doudian.client import DoudianShop
from stockbook.shops.doudian.transport import Account
from stockbook.shops.sandbox.server import serve
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.store.ledger_store import LedgerStore
from tests.practice import NOW


def asked_for(ledger):
    return [p.found for p in ledger.stock(NOW).problems() if p.where == "SKU对照"]


def test_a_kit_that_was_sold_asks_for_its_components_until_they_are_written(tmp_path):
    simulation = ShopSimulation(seed=7, skus=20, days=20, now=NOW, rich=True)
    with serve(simulation) as at, LedgerStore.open(tmp_path / "l.sqlite") as ledger:
        account = Account(at.gateway, at.app_key, at.app_secret, at.shop_id)
        shop = DoudianShop(account, clock=lambda: float(NOW))
        intake.pull(shop, ledger, now=NOW, history=30, progress=lambda _: None)
        (asked,) = asked_for(ledger)
        kits = {key: parse_components(text) for key, text in simulation.kits()}
        assert any(key in asked for key in kits)
        ledger.map_components(at.shop_id, kits, NOW)
        assert asked_for(ledger) == []
