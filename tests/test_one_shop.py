"""One ledger is one shop: files first and the API later, and never another shop's credentials."""

import os

import pytest

from stockbook import actions, demo
from stockbook.domain.problems import StoreError
from stockbook.shops.sandbox import exports
from stockbook.shops.sandbox.server import serve
from stockbook.shops.sandbox.simulation import ShopSimulation
from tests.practice import NOW, a_run, any_unit

CREDENTIALS = ("STOCKBOOK_APP_KEY", "STOCKBOOK_APP_SECRET", "STOCKBOOK_SHOP_ID")


def test_what_files_brought_is_not_counted_again_when_the_api_comes(tmp_path, monkeypatch):
    simulation = ShopSimulation(seed=5, skus=8, days=25, now=NOW)
    path, run = tmp_path / "店.xlsm", a_run(NOW)
    files = exports.write_files(tmp_path / "files", simulation)
    with serve(simulation) as sandbox, demo.environment(sandbox, tmp_path / "data"):
        with monkeypatch.context() as patch:
            for name in CREDENTIALS:
                patch.delenv(name)
            actions.new(path)
            actions.import_files(path, files, run)
            demo.enter_what_people_know(path, simulation)
            actions.recompute(path, run)
        actions.refresh(path, run)
        stock = [row for row in actions.stock(path) if any_unit(row)]
        assert stock == [row for row in simulation.truth()["skus"] if any_unit(row)]
        assert actions.audit(path) == []
        before = actions.stock(path)
        monkeypatch.setitem(os.environ, "STOCKBOOK_SHOP_ID", sandbox.shop_id)
        actions.recompute(path, run)
        assert actions.stock(path) == before


def test_another_shops_credentials_are_refused_and_nothing_changes(tmp_path, monkeypatch):
    simulation = ShopSimulation(seed=5, skus=4, days=16, now=NOW)
    path, run = tmp_path / "店.xlsm", a_run(NOW)
    with serve(simulation) as sandbox, demo.environment(sandbox, tmp_path / "data"):
        actions.new(path)
        actions.pull(path, run)
        before, stock = path.read_bytes(), actions.stock(path)
        monkeypatch.setenv("STOCKBOOK_SHOP_ID", "777")
        for action in (actions.refresh, actions.recompute):
            with pytest.raises(StoreError, match=f"{sandbox.shop_id}.*777"):
                action(path, run)
        assert (path.read_bytes(), actions.stock(path)) == (before, stock)
