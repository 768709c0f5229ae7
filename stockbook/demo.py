"""A practice shop on this machine, and a workbook filled from it over real HTTP."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stockbook import actions
from stockbook.domain.clock import beijing
from stockbook.domain.language import Language, say
from stockbook.shops.sandbox.server import Sandbox, run_forever, serve
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.workbook.book import Changes, TableChange
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.sheets import sheet

BOOK = "StockBook.xlsx"


def run(
    folder: Path, run: actions.Run, *, seed: int, skus: int, days: int, language: Language
) -> actions.Report:
    """Simulate a shop, pull its orders, enter what its people know, and fill the workbook."""
    folder.mkdir(parents=True, exist_ok=True)
    path, data = folder / BOOK, folder / "data"
    path.unlink(missing_ok=True)
    shutil.rmtree(data, ignore_errors=True)
    run.progress(say(f"模拟一家店：{skus} 个商品，{days} 天", f"a shop: {skus} SKUs, {days} days"))
    simulation = ShopSimulation(seed=seed, skus=skus, days=days, now=run.now)
    with serve(simulation) as sandbox, environment(sandbox, data):
        actions.new(path, language=language, shop_name=say("小满优选旗舰店", "Demo shop"))
        first = actions.pull(path, run)
        enter_what_people_know(path, simulation)
        report = actions.recompute(path, run)
    return actions.merged(first, report)


@contextmanager
def environment(sandbox: Sandbox, data: Path) -> Iterator[None]:
    """Point the settings at the sandbox, and put the user's own back afterwards."""
    ours = {
        "STOCKBOOK_GATEWAY": sandbox.gateway,
        "STOCKBOOK_APP_KEY": sandbox.app_key,
        "STOCKBOOK_APP_SECRET": sandbox.app_secret,
        "STOCKBOOK_SHOP_ID": sandbox.shop_id,
        "STOCKBOOK_DATA": str(data.resolve()),
    }
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
    *,
    seed: int,
    skus: int,
    days: int,
    now: int,
    port: int,
    truth: Path | None,
    tell: Callable[[str], None],
) -> None:
    """Serve a practice shop until Ctrl-C, telling first how to reach it."""
    simulation = ShopSimulation(seed=seed, skus=skus, days=days, now=now)

    def ready(sandbox: Sandbox) -> None:
        tell(f"STOCKBOOK_GATEWAY={sandbox.gateway}")
        tell(f"STOCKBOOK_APP_KEY={sandbox.app_key}")
        tell(f"STOCKBOOK_APP_SECRET={sandbox.app_secret}")
        tell(f"STOCKBOOK_SHOP_ID={sandbox.shop_id}")
        tell(f"# clock {beijing(simulation.now):%Y-%m-%d %H:%M:%S}, Ctrl-C stops it")

    run_forever(simulation, port, truth, ready)
