"""A practice shop on this machine, and a workbook filled from it over real HTTP."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stockbook import actions
from stockbook.domain.clock import beijing
from stockbook.domain.language import Language, say
from stockbook.settings import data_folder
from stockbook.shops.sandbox.server import Sandbox, run_forever, serve
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.store.place import ledger_path
from stockbook.workbook.book import Changes, TableChange
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.sheets import sheet

BOOK = "StockBook.xlsm"


@dataclass(frozen=True)
class Plan:
    """What to simulate: how many SKUs, over how many days, from which seed."""

    seed: int = 7
    skus: int = 200
    days: int = 85

    def shop(self, now: int) -> ShopSimulation:
        """Return the shop at an instant [Unix s]."""
        return ShopSimulation(seed=self.seed, skus=self.skus, days=self.days, now=now)


def run(
    folder: Path, run: actions.Run, plan: Plan, *, language: Language, truth: Path | None = None
) -> actions.Report:
    """Simulate a shop, pull its orders, enter what its people know, and fill the workbook."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / BOOK
    book_id = f"demo-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}"
    start_over(path, book_id)
    skus, days = plan.skus, plan.days
    run.progress(say(f"模拟一家店：{skus} 个商品，{days} 天", f"a shop: {skus} SKUs, {days} days"))
    simulation = plan.shop(run.now)
    name = say("小满优选旗舰店", "Demo shop")
    with serve(simulation, truth=truth) as sandbox, environment(sandbox):
        actions.new(path, language=language, shop_name=name, book_id=book_id)
        first = actions.pull(path, run)
        enter_what_people_know(path, simulation)
        report = actions.recompute(path, run)
    return actions.merged(first, report)


def start_over(path: Path, book_id: str) -> None:
    """Remove the workbook and the ledger of an earlier demo in the same place.

    Raises:
        WorkbookError: The workbook is open.
    """
    if path.exists():
        ClosedBook(path).refuse_if_open()
        path.unlink()
    ledger = ledger_path(data_folder(), book_id)
    for name in (ledger.name, f"{ledger.name}-wal", f"{ledger.name}-shm"):
        ledger.with_name(name).unlink(missing_ok=True)


@contextmanager
def environment(sandbox: Sandbox, data: Path | None = None) -> Iterator[None]:
    """Point the settings at the sandbox, and put the user's own back afterwards."""
    ours = {
        "STOCKBOOK_GATEWAY": sandbox.gateway,
        "STOCKBOOK_APP_KEY": sandbox.app_key,
        "STOCKBOOK_APP_SECRET": sandbox.app_secret,
        "STOCKBOOK_SHOP_ID": sandbox.shop_id,
    }
    if data is not None:
        ours["STOCKBOOK_DATA"] = str(data.resolve())
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def enter_what_people_know(path: Path, simulation: ShopSimulation) -> None:
    """Type the stock count, suppliers and terms into 商品, as the shop's people would."""
    counts = {sku: (n, beijing(at)) for sku, n, at in simulation.counts()}
    rows = []
    for terms in simulation.supply():
        counted = counts.get(terms["sku"], (None, None))
        rows.append(
            {
                "sku": terms["sku"],
                "supplier": terms["supplier"],
                "unit_cost": terms["unit_cost"],
                "lead_time_days": terms["lead_time_days"],
                "lead_time_sd": terms["lead_time_sd"],
                "emergency_hours": terms["emergency_lead_time_hours"],
                "moq": terms["moq"],
                "pack_size": terms["pack_size"],
                "counted_on_hand": counted[0],
                "counted_at": counted[1],
            }
        )
    columns = [c.key for c in sheet("sku").columns if c.key in rows[0] and c.role == "input"]
    ClosedBook(path).apply(Changes((TableChange("sku", rows, columns=tuple(columns)),)))


def run_sandbox(
    simulation: ShopSimulation,
    *,
    port: int,
    truth: Path | None,
    live: bool,
    tell: Callable[[str], None],
) -> None:
    """Serve a practice shop until Ctrl-C, telling first how to reach it."""

    def ready(sandbox: Sandbox) -> None:
        tell(f"STOCKBOOK_GATEWAY={sandbox.gateway}")
        tell(f"STOCKBOOK_APP_KEY={sandbox.app_key}")
        tell(f"STOCKBOOK_APP_SECRET={sandbox.app_secret}")
        tell(f"STOCKBOOK_SHOP_ID={sandbox.shop_id}")
        state = "runs" if live else "stands still (POST /sandbox/clock)"
        tell(f"# clock {beijing(simulation.now):%Y-%m-%d %H:%M:%S} {state}, Ctrl-C stops it")

    run_forever(simulation, port, truth, ready, live=live)
