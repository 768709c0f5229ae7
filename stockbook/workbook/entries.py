"""Read 收货与盘点: what people entered, row by row, and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from dataclasses import dataclass

from stockbook.domain.entries import EntryRow
from stockbook.domain.language import say
from stockbook.domain.problems import Problem
from stockbook.domain.records import Entry, EntryKind
from stockbook.domain.words import ENTRY_KINDS
from stockbook.workbook.book import Book
from stockbook.workbook.rows import Row, lost_digits, values_of
from stockbook.workbook.sheets import sheet

SHEET = "entry"
_INPUTS = [c.key for c in sheet(SHEET).columns if c.role == "input"]
_KINDS = {word: kind for kind, label in ENTRY_KINDS.items() for word in (label.zh, label.en, kind)}
_IN_PARTS = (EntryKind.RECEIPT, EntryKind.RETURN, EntryKind.REFUSED)
MOST = 1e9


@dataclass(frozen=True)
class Known:
    """What a row may speak of.

    Attributes:
        skus: The codes of the sheet 商品.
        kits: Codes that are made of others.
        counted: (SKU, instant) → units, as counted on the sheet 商品.
    """

    skus: Container[str]
    kits: Container[str]
    counted: Mapping[tuple[str, int], int]


def read_entries(
    book: Book, known: Known, problems: list[Problem], *, shop_id: str, now: int
) -> tuple[EntryRow, ...]:
    """Return the rows that people filled in; what is wrong with them is added to `problems`."""
    rows, counts = [], dict[object, int]()
    for source in values_of(book, SHEET, problems):
        row = Row(SHEET, source, problems)
        number = row.text("entry_id")
        if all(source.cells.get(key) in (None, "") for key in _INPUTS):
            if number:
                _emptied(row)
            continue
        entry = _entry(row, known, shop_id, now)
        if entry and entry.kind == EntryKind.COUNT:
            entry = _sole_count(row, entry, known, counts)
        rows.append(EntryRow(source.number, number, entry))
    return tuple(rows)


def _emptied(row: Row) -> None:
    row.problem(
        "kind",
        say("有编号但内容是空的", "a number and nothing else"),
        say("作废 或原来的内容", "Void, or what stood there"),
        say("清空一行不会撤销记账：不要了请把类型选成 作废",
            "clearing a row undoes nothing: choose Void as its type"),
    )  # fmt: skip


def _entry(row: Row, known: Known, shop_id: str, now: int) -> Entry | None:
    """Return what a row says, None where something in it is wrong."""
    before = len(row.problems)
    kind = _kind(row)
    if kind is None:
        return None
    if kind == EntryKind.VOID:
        return Entry(shop_id, "", kind, "", 0, 0)
    sku, at = _sku(row, known), row.instant("at", now)
    units, defective = _units(row, kind), 0
    if kind in _IN_PARTS and not math.isnan(units):
        defective = int(row.number("defective", 0, 0, units, whole=True))
    goes_to = _goes_to(row) if kind == EntryKind.TRANSFER else ""
    if kind == EntryKind.CORRECTION and not row.text("reason"):
        _say_why(row)
    if len(row.problems) > before or at is None:
        return None
    return Entry(
        shop_id,
        "",
        kind,
        sku,
        int(units),
        at,
        row.text("warehouse"),
        defective,
        goes_to,
        row.text("reference"),
        row.text("reason"),
    )


def _kind(row: Row) -> EntryKind | None:
    word = row.text("kind")
    if word in _KINDS:
        return EntryKind(_KINDS[word])
    row.problem(
        "kind",
        word or say("空", "empty"),
        "、".join(map(str, ENTRY_KINDS.values())),
        say("从下拉里选一个；这一行没有记账", "choose one from the list; the row was not posted"),
    )
    return None


def _sku(row: Row, known: Known) -> str:
    sku = row.text("sku")
    if not sku or lost_digits(row.source.cells.get("sku")) or sku not in known.skus:
        row.problem(
            "sku",
            sku or say("空", "empty"),
            say("商品 表里有的商家编码", "a code of the sheet SKUs"),
            say("改正编码，或先在 商品 里加一行；这一行没有记账",
                "correct it, or add a row on SKUs first; the row was not posted"),
        )  # fmt: skip
    elif sku in known.kits:
        row.problem(
            "sku",
            sku,
            say("组合的组成商品", "the components of the kit"),
            say("组合没有自己的库存：请按它的组成商品各记一行；这一行没有记账",
                "a kit has no stock of its own: enter its components; the row was not posted"),
        )  # fmt: skip
    return sku


def _units(row: Row, kind: EntryKind) -> float:
    low = {EntryKind.CORRECTION: -MOST, EntryKind.COUNT: 0}.get(kind, 1)
    before = len(row.problems)
    units = row.number("units", math.nan, low, MOST, whole=True)
    empty = math.isnan(units) and len(row.problems) == before
    if empty or (kind == EntryKind.CORRECTION and units == 0):
        row.problem(
            "units",
            say("空", "empty") if empty else 0,
            say("件数", "a number of units"),
            say("填上件数；不要了就把类型改成 作废", "enter units; void the row by its type"),
        )
    return units


def _goes_to(row: Row) -> str:
    here, there = row.text("warehouse"), row.text("to_warehouse")
    if here == there:
        row.problem(
            "to_warehouse",
            there or say("空", "empty"),
            say("另一个仓库的编号", "another warehouse"),
            say("填上调入仓库；这一行没有记账", "enter where it goes; the row was not posted"),
        )
    return there


def _say_why(row: Row) -> None:
    row.problem(
        "reason",
        say("空", "empty"),
        say("为什么调整", "why it is corrected"),
        say("选一个原因；这一行没有记账", "choose a reason; the row was not posted"),
    )


def _sole_count(row: Row, entry: Entry, known: Known, counts: dict[object, int]) -> Entry | None:
    """Return the count unless another one of the same SKU and instant stands beside it."""
    key = (entry.sku, entry.warehouse, entry.effective_at)
    first = counts.setdefault(key, row.source.number)
    elsewhere = known.counted.get((entry.sku, entry.effective_at), entry.units)
    if first == row.source.number and elsewhere == entry.units:
        return entry
    place = (
        say(f"第 {first} 行", f"row {first}")
        if first != row.source.number
        else say("商品 表", "the sheet SKUs")
    )
    row.problem(
        "units",
        entry.units,
        say("同一商品同一时刻只盘一次", "one count of a SKU at one instant"),
        say(f"{place} 已有同一时刻的盘点；请改正时间或作废一个",
            f"{place} has a count of the same instant; correct the time or void one"),
    )  # fmt: skip
    return None
