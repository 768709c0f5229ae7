"""首页: the one screen that says what to do today, as fixed blocks of cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
import pandas as pd

from stockbook.domain.alerts import AlertLevel
from stockbook.domain.clock import beijing, day_of
from stockbook.domain.forecast import shop_curve
from stockbook.domain.language import say
from stockbook.domain.outlook import Outlook
from stockbook.domain.tables import records
from stockbook.domain.urgent import level_counts
from stockbook.workbook.book import BlockChange, Cell
from stockbook.workbook.inputs import Inputs
from stockbook.workbook.sheets import AHEAD_DAYS, BLOCKS, CARDS, FRESHNESS, PAST_DAYS

Cells = list[list[Cell]]
MINUTE = 60
WEEKDAYS = "一二三四五六日"


def home_blocks(inputs: Inputs, outlook: Outlook, ranked: pd.DataFrame) -> list[BlockChange]:
    """Return every block of 首页 and of the chart data behind it.

    Args:
        ranked: Alerts with names and actions, most urgent first (`urgent.ranked`).
    """
    urgent = ranked[~ranked["level"].isin([AlertLevel.OK, AlertLevel.WATCH])]
    todo = urgent.sort_values(["order_by_at", "rank"], kind="stable", ignore_index=True)
    blocks: dict[str, Cells] = {
        "sb_home_shop": [[inputs.settings.shop_name or None]],
        "sb_home_line": [[_line(outlook)]],
        **_cards(outlook, urgent),
        "sb_home_actions_title": [[_title(outlook, todo)]],
        "sb_home_actions": [_action(i, row) for i, row in _records(todo)],
        "sb_home_counts": _counts(outlook),
        "sb_home_fresh": _fresh(inputs, outlook),
        "sb_home_countdown": [_countdown(i, row) for i, row in _records(_soonest(ranked))],
        "sb_chart_shop": _chart(outlook),
        "sb_as_of": [[_minute(outlook.stock.as_of)]],
        "sb_stale_minutes": [[float(inputs.settings.stale_minutes)]],
    }
    return [BlockChange(name, _filled(name, cells)) for name, cells in blocks.items()]


def _filled(name: str, cells: Sequence[Sequence[Cell]]) -> Cells:
    """Cut or pad to the block's fixed size: slots without content are emptied."""
    spec = BLOCKS[name]
    wide = len(spec.columns)
    rows = [list(row) for row in cells[: spec.rows]]
    return rows + [[None] * wide for _ in range(spec.rows - len(rows))]


def _records(frame: pd.DataFrame, most: int = 10) -> Iterator[tuple[int, dict[str, Cell]]]:
    return enumerate(records(frame.head(most)), 1)


def _minute(at: float | None) -> Cell:
    return None if at is None or pd.isna(at) else beijing(int(at) // MINUTE * MINUTE)


def _word(level: str) -> str:
    return str(AlertLevel(level).label)


def _finite(value: float) -> Cell:
    return float(value) if math.isfinite(value) else None


def _line(outlook: Outlook) -> str:
    now = beijing(outlook.now)
    skus, counted = len(outlook.catalogue), len(outlook.stock.counted)
    return say(
        f"{now.month}月{now.day}日 星期{WEEKDAYS[now.weekday()]}　·　{skus} 个商品，"
        f"{counted} 个已盘点　·　已记录 {outlook.stock.orders:,} 单",
        f"{now:%A, %d %B}　·　{skus} SKUs, {counted} counted　·　"
        f"{outlook.stock.orders:,} orders on record",
    )


def _due_today(outlook: Outlook, frame: pd.DataFrame) -> int:
    today = day_of(outlook.now)
    return sum(day_of(at) <= today for at in frame["order_by_at"].dropna())


def _title(outlook: Outlook, todo: pd.DataFrame) -> str:
    due = _due_today(outlook, todo)
    return say(
        f"现在要做什么　（今天 {due} 件，按最晚时间排）",
        f"What to do now　({due} today, by deadline)",
    )


def _cards(outlook: Outlook, urgent: pd.DataFrame) -> dict[str, Cells]:
    """The six figures on top: label, value, foot."""
    stock, plan = outlook.stock, outlook.purchase
    still = urgent[urgent["time_to_zero_days"] > 0].sort_values("time_to_zero_days")
    first = still.iloc[0] if len(still) else None
    out = level_counts(outlook)["out"]
    suppliers = plan["supplier"].replace("", pd.NA).nunique()
    amount = float(plan["amount_yuan"].sum(skipna=True))
    unpriced = int(plan["amount_yuan"].isna().sum())
    now = beijing(outlook.now)
    feet = [
        say(f"已断货 {out} 个商品", f"{out} SKUs are out"),
        say("近期没有", "none soon") if first is None else str(first["name"]),
        say(f"截至 {now:%H:%M}，已付款", f"paid until {now:%H:%M}"),
        say("买家实付", "paid by buyers"),
        say(f"{len(plan)} 个商品，{suppliers} 家供应商", f"{len(plan)} SKUs, {suppliers} suppliers")
        + (say(f"，{unpriced} 个没填进价", f", {unpriced} without cost") if unpriced else ""),
        say("件，尽快发货", "units to ship"),
    ]
    values: list[Cell] = [
        float(_due_today(outlook, urgent)),
        None if first is None else _finite(first["time_to_zero_days"]),
        float(stock.today_units),
        stock.today_fen / 100,
        amount,
        float(stock.positions["allocated"].sum()),
    ]
    cells: dict[str, Cells] = {}
    for i, ((label, _), value, foot) in enumerate(zip(CARDS, values, feet, strict=True), 1):
        cells |= {f"sb_card{i}_label": [[str(label)]], f"sb_card{i}_value": [[value]]}
        cells[f"sb_card{i}_foot"] = [[foot]]
    return cells


def _action(number: int, row: dict[str, Cell]) -> list[Cell]:
    zero = _finite(row["time_to_zero_days"])
    deadline = _minute(row["order_by_at"])
    return [number, _word(row["level"]), deadline, row["action"], row["name"], zero, row["sku"]]


def _counts(outlook: Outlook) -> Cells:
    """How many SKUs stand at each level; doubles as the legend."""
    means = {
        "out": say("已卖空或超卖，先止损再补", "sold out or oversold: stop the loss, refill"),
        "critical": say("到货前就会卖完，立即处理", "gone before goods can come: act now"),
        "low": say("到安全库存线了，今天要下单", "at the reorder point: order today"),
        "watch": say("接近安全库存线，留意销量", "close to it: keep an eye on it"),
        "ok": say("够卖到补货到货之后，不用管", "enough until after the next delivery"),
    }
    counts = level_counts(outlook)
    total = max(1, sum(counts.values()))
    return [[_word(k), float(n), n / total, means[k]] for k, n in counts.items()]


def _fresh(inputs: Inputs, outlook: Outlook) -> Cells:
    """One row a source: how old it is, and what came last."""
    as_of, limit = outlook.stock.as_of, inputs.settings.stale_minutes
    counts = [count.effective_at for count in inputs.counts]
    rows: Cells = []
    if as_of is None:
        rows.append([say("订单", "orders"), None, str(FRESHNESS["failed"]), say("还没拉", "none")])
    else:
        age = max(0, outlook.now - as_of) // MINUTE
        state = FRESHNESS["fresh" if age <= limit else "aged"]
        known = say(f"共 {outlook.stock.orders:,} 单", f"{outlook.stock.orders:,} orders")
        rows.append([say("订单", "orders"), float(age), str(state),
                     f"{beijing(as_of):%m-%d %H:%M}　{known}"])  # fmt: skip
    if counts:
        newest = max(counts)
        age = max(0, outlook.now - newest) // MINUTE
        state = FRESHNESS["fresh" if age <= 60 * 24 * 31 else "aged"]
        rows.append([say("盘点", "stock count"), float(age), str(state),
                     say(f"{beijing(newest):%m-%d %H:%M}　{len(counts)} 个商品",
                         f"{beijing(newest):%m-%d %H:%M}　{len(counts)} SKUs")])  # fmt: skip
    wrong = len(outlook.problems)
    state = FRESHNESS["aged" if wrong else "fresh"]
    rows.append([say("填写检查", "entries"), 0.0, str(state),
                 say(f"{wrong} 个问题", f"{wrong} problems")])  # fmt: skip
    return rows


def _soonest(ranked: pd.DataFrame) -> pd.DataFrame:
    """What still counts down: neither gone already nor lasting for ever."""
    days = ranked["time_to_zero_days"].astype(float)
    soon = ranked[np.isfinite(days) & (days > 0)]
    return soon.sort_values(["time_to_zero_days", "rank"], kind="stable", ignore_index=True)


def _countdown(number: int, row: dict[str, Cell]) -> list[Cell]:
    due, quantity = row.get("next_inbound_at"), row.get("next_inbound_quantity")
    text = "–" if pd.isna(due) else f"{quantity:,.0f} · {beijing(due):%m-%d}"
    return [number, _word(row["level"]), row["sku"], row["name"],
            _finite(row["time_to_zero_days"]), text, float(row["free"])]  # fmt: skip


def _chart(outlook: Outlook) -> Cells:
    """28 past days of sales, 14 days ahead with their 80 % range; the lines join at the seam."""
    curve = shop_curve(outlook.history, outlook.forecast, horizon=AHEAD_DAYS)
    today = day_of(outlook.now)
    cells: Cells = []
    for i, sold in enumerate(curve.past[-PAST_DAYS:]):
        seam = i == PAST_DAYS - 1
        day = today + timedelta(days=i - PAST_DAYS)
        join: list[Cell] = [float(sold), float(sold), 0.0] if seam else [None, None, None]
        cells.append([day, float(sold), *join])
    for i in range(AHEAD_DAYS):
        mean, low, high = (float(x[i]) for x in (curve.mean, curve.low, curve.high))
        cells.append([today + timedelta(days=i), None, mean, low, high - low])
    return cells
