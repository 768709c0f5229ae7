"""The rows of 收货与盘点, 库存流水 and 追溯: what the ledger made of what people entered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stockbook.domain.clock import beijing
from stockbook.domain.entries import EntryRow
from stockbook.domain.language import say
from stockbook.domain.outlook import CountResult, Outlook
from stockbook.domain.records import Bucket, Entry, EntryKind
from stockbook.domain.tables import MOVEMENT, records
from stockbook.domain.words import BUCKETS, CAUSES, ENTRY_KINDS
from stockbook.workbook.book import Cell
from stockbook.workbook.inputs import Inputs

Values = Mapping[str, Cell]
FLOWS = [name for name in MOVEMENT.columns if name not in ("sku", "since")]
MOST_MOVES = 500  # rows on 追溯


def blank(value: Any) -> Cell:
    """Return a value as a cell: NaN, infinity and missing become an empty cell.

    Example:
        >>> blank(float("nan")), blank(float("inf")), blank(3.0)
        (None, None, 3.0)
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value


def moment(at: Any) -> Cell:
    """Return an instant [Unix s] as the Beijing time a cell shows, to the minute."""
    value = blank(at)
    return None if value is None else beijing(int(value) // 60 * 60)


def entry_rows(inputs: Inputs, outlook: Outlook) -> list[Values]:
    """收货与盘点: what became of each row."""
    names = dict(zip(outlook.catalogue["sku"], outlook.catalogue["name"], strict=True))
    counts = {(c.sku, c.warehouse, c.at): c for c in outlook.stock.counts}
    return [
        {
            "entry_id": row.entry_id,
            "status": entry_status(row, counts),
            "name": names.get(row.entry.sku) if row.entry else None,
        }
        for row in inputs.entries
        if row.entry_id
    ]


def entry_status(row: EntryRow, counts: Mapping[Any, CountResult]) -> str:
    """Return what became of a row of 收货与盘点."""
    if row.entry is None:
        return _not_posted(row.posted)
    if row.entry.kind == EntryKind.VOID:
        return say("已作废", "void")
    done = say("已记账", "posted")
    return done + (_counted if row.entry.kind == EntryKind.COUNT else _before)(row.entry, counts)


def _not_posted(posted: Entry | None) -> str:
    if posted is None:
        return say("✗ 没有记账，见 问题", "✗ not posted, see Problems")
    kind, units = ENTRY_KINDS[posted.kind], f"{posted.units:,}"
    return say(f"✗ 仍按原来的（{kind} {units}），见 问题",
               f"✗ still as before ({kind} {units}), see Problems")  # fmt: skip


def _before(entry: Entry, counts: Mapping[Any, CountResult]) -> str:
    """Say where a later count holds anyway."""
    counted = any(
        (c.sku, c.warehouse) == (entry.sku, entry.warehouse) and c.at >= entry.effective_at
        for c in counts.values()
    )
    return say("，在盘点之前，库存以盘点为准", ", before a count, which stands") if counted else ""


def _counted(entry: Entry, counts: Mapping[Any, CountResult]) -> str:
    result = counts.get((entry.sku, entry.warehouse, entry.effective_at))
    if result is None or result.is_first:
        return say("，第一次盘点", ", first count") if result else ""
    if not result.variance:
        return say("，与账上一致", ", as the books say")
    why = say("，请填原因", ", give a reason") if result.unexplained else ""
    return say(f"，差异 {result.variance:+,}{why}", f", differs by {result.variance:+,}{why}")


def movement_rows(outlook: Outlook) -> list[Values]:
    """库存流水: opening, everything in and out, closing; only counted SKUs have both ends."""
    flows = {row["sku"]: row for row in records(outlook.movements)}
    held = {row["sku"]: row for row in records(outlook.stock.positions)}
    kits = outlook.stock.kits
    return [
        _movement(row, flows.get(row["sku"], {}), held.get(row["sku"], {}), outlook.stock.counted)
        for row in records(outlook.catalogue)
        if row["sku"] not in kits
    ]


def _movement(
    terms: Mapping[str, Any],
    flow: Mapping[str, int],
    held: Mapping[str, int],
    counted: frozenset[str],
) -> Values:
    sku = terms["sku"]
    changes = {name: int(flow.get(name, 0)) for name in FLOWS}
    closing = sum(int(held.get(b, 0)) for b in ("free", "held", "allocated", "locked"))
    known = sku in counted
    return {
        "sku": sku,
        "name": terms["name"],
        "since": moment(flow.get("since")),
        "opening": closing - sum(changes.values()) if known else None,
        **changes,
        "closing": closing if known else None,
        "free": int(held.get("free", 0)) if known else None,
        "defective": int(held.get("defective", 0)),
        "returning": int(held.get("returning", 0)),
    }


def trace_rows(sku: str, moves: Sequence[Mapping[str, Any]]) -> list[Values]:
    """追溯: a SKU's latest moves, newest first."""
    return [
        {
            "at": moment(m["effective_at"]),
            "sku": sku,
            "cause": str(CAUSES[m["cause"]]),
            "source": str(BUCKETS[Bucket(m["source"])]),
            "target": str(BUCKETS[Bucket(m["target"])]),
            "units": int(m["quantity"]),
            "free": int(m["free"]),
            "warehouse": m["warehouse"] or None,
            "reference": m["reference"],
            "posted_at": moment(m["posted_at"]),
        }
        for m in reversed(moves[-MOST_MOVES:])
    ]
