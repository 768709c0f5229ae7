"""数据分析: the analysis as cells of its fixed blocks; what does not fit is cut."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stockbook.domain.analysis import Analysis
from stockbook.domain.analysis_words import WEEKDAYS, brief, share
from stockbook.domain.channels import Channel
from stockbook.domain.language import say
from stockbook.domain.tables import records
from stockbook.workbook.analysis_blocks import CARDS, FIELDS, LEFT, RIGHT
from stockbook.workbook.book import BlockChange, Cell
from stockbook.workbook.sheets import BLOCKS

Cells = list[list[Cell]]
GAP: list[Cell] = [None]


def analysis_changes(a: Analysis) -> list[BlockChange]:
    """Return every block of 数据分析 and of the data behind its charts."""
    bodies = {
        "daily": _dated(a.daily, "revenue_yuan", "mean7_yuan"),
        "weekly": _rows(a.weekly.assign(week=a.weekly["week"].str[5:]), "week revenue_yuan"),
        "hourly": [[f"{r['hour']}", r["units"]] for r in records(a.hourly)],
        "weekdays": _weekdays(a.weekdays, "revenue_yuan"),
        "channels": [
            [str(Channel(r["channel"]).label), r["revenue_yuan"], r["before_yuan"]]
            for r in records(a.channels)
        ],
        "hosts": [
            [r["author"], *GAP, r["revenue_yuan"], r["share"], r["units"],
             r["revenue_yuan"] / r["units"] if r["units"] else None]
            for r in records(a.hosts)
        ],
        "ranking": [[brief(r["name"]), r["share"], r["cumulative"]] for r in records(a.ranking)],
        "matrix": _matrix(a.ranking),
        "split": _split(a),
        "season": _weekdays(a.season, "change"),
        "prices": [_price(r) for r in records(a.prices)],
        "uplift": [
            [r["event"], *GAP, r["events"], r["factor"], r["low"], r["high"]]
            for r in records(a.uplift)
        ],
        "refunds": [
            [r["name"] or say("没有类目", "no category"), r["before"], r["after"]]
            for r in records(a.refunds_by_category)
        ],
        "refund_skus": [_named(r, "units before after refund_yuan") for r in records(a.refunds)],
        "newcomers": [
            _named(r, "first_on days first_week last_week") for r in records(a.newcomers)
        ],
        "ramp": [[f"{r['day']}", r["units"]] for r in records(a.ramp)],
        "visits": _dated(a.visits, "conversion", days=56),
        "conversion": [
            _named(r, "visitors conversion sellable conversion_in_stock")
            for r in records(a.conversion)
        ],
        "provinces": [
            [r["province"] or say("其他", "others"), r["share"]]
            for r in sorted(records(a.provinces), key=lambda r: r["province"] == "")
        ],
        "audience": [[r["segment"], r["share"]] for r in records(a.audience)],
    }  # fmt: skip
    cells = {f"sb_an_{key}": rows for key, rows in bodies.items()}
    cells |= {"sb_an_cards": _cards(a)} | _sentences(a)
    return [BlockChange(name, _filled(name, rows)) for name, rows in cells.items()]


def _filled(name: str, rows: Sequence[Sequence[Cell]]) -> Cells:
    """Cut or pad to the block's size; numbers that are not finite become empty cells."""
    spec = BLOCKS[name]
    kept = [[_cell(value) for value in row] for row in rows[: spec.rows]]
    return kept + [[None] * len(spec.columns) for _ in range(spec.rows - len(kept))]


def _cell(value: Any) -> Cell:
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, float, np.number)):
        return float(value) if math.isfinite(value) else None
    return value


def _rows(frame: pd.DataFrame, names: str) -> Cells:
    return [list(row) for row in frame[names.split()].itertuples(index=False)]


def _dated(frame: pd.DataFrame, *names: str, days: int | None = None) -> Cells:
    """Return rows by day; with `days`, every one of them up to the last: an axis has no holes."""
    if days and len(frame):
        end = frame["date"].max()
        every = pd.date_range(end=end, periods=days, unit="s")
        frame = frame.set_index("date").reindex(every).rename_axis("date").reset_index()
    return [[day.to_pydatetime().date(), *values]
            for day, *values in frame[["date", *names]].itertuples(index=False)]  # fmt: skip


def _split(a: Analysis) -> Cells:
    return _dated(a.split, "shown", "trend", days=BLOCKS["sb_an_split"].rows)


def _weekdays(frame: pd.DataFrame, name: str) -> Cells:
    return [[str(WEEKDAYS[r["weekday"]]), r[name]] for r in records(frame)]


def _named(row: Mapping[str, Any], names: str) -> list[Cell]:
    values = [row[name] for name in names.split()]
    return [row["name"], *GAP, *(v.date() if isinstance(v, pd.Timestamp) else v for v in values)]


def _matrix(ranking: pd.DataFrame) -> Cells:
    """How many SKUs each class has, and what share of the revenue."""
    rows: Cells = []
    for abc in "ABC" if len(ranking) else "":
        own = ranking[ranking["abc"] == abc]
        counts = [float((own["xyz"] == xyz).sum()) for xyz in ("X", "Y", "Z", "")]
        words = {"A": say("A 卖得多", "A much"), "B": say("B 一般", "B some"),
                 "C": say("C 很少", "C little")}  # fmt: skip
        rows.append([words[abc], *counts, float(own["share"].sum())])
    return rows


def _price(row: Mapping[str, Any]) -> list[Cell]:
    """What a tenth off the price does to units, with its range in words."""
    low, effect, high = (0.9 ** row[key] - 1 for key in ("high", "elasticity", "low"))
    if row["high"] < 0:
        sure = say("多卖", "sells more")
    else:
        sure = say("少卖", "sells less") if row["low"] > 0 else say("说不准", "unsure")
    paid = f"{row['cheapest_yuan']:.0f}–{row['dearest_yuan']:.0f}"
    return [row["name"], *GAP, paid, effect, f"{low:+.0%} ~ {high:+.0%}", sure]


def _cards(a: Analysis) -> Cells:
    """Six figures of the last 28 days: label, value, foot."""
    f = a.figures
    feet = [
        _against(f.revenue_yuan, f.revenue_before),
        _against(f.units, f.units_before),
        say("买家实付 ÷ 付款笔数", "paid ÷ lines paid"),
        say(f"近 91 天，发货前 {share(f.refund_before_shipping)}",
            f"91 days; {share(f.refund_before_shipping)} before shipping")
        if math.isfinite(f.refund_rate) else "",
        say("占近 28 天销售额", "of 28 days' revenue"),
        say("标价到实付少收的", "list price not charged"),
    ]  # fmt: skip
    mean = f.revenue_yuan / f.orders if f.orders else math.nan
    values: list[Cell] = [f.revenue_yuan, f.units, mean, f.refund_rate, f.live_share, f.discount]
    labels = [str(label) for label, _ in CARDS]
    return [[cell for text in row for cell in (text, None)] for row in (labels, values, feet)]


def _sentences(a: Analysis) -> dict[str, Cells]:
    """Two sentences a band."""
    said = [a.said[field.key] or None for field in FIELDS]
    between = [None] * (RIGHT - LEFT - 1)
    pairs = zip(said[::2], said[1::2], strict=True)
    return {
        f"sb_an_said{band}": [[left, *between, right]]
        for band, (left, right) in enumerate(pairs, 1)
    }


def _against(now: float, before: float) -> str:
    if not math.isfinite(before) or before <= 0:
        return say("前 28 天没有数据", "no 28 days before")
    return say(f"比前 28 天 {now / before - 1:+.0%}", f"{now / before - 1:+.0%} on the 28 before")
