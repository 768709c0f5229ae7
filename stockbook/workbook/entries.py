"""Read 收货与盘点: what people entered, row by row, and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass

from stockbook.domain.entries import EntryRow
from stockbook.domain.language import Label, say
from stockbook.domain.problems import Problem
from stockbook.domain.records import Entry, EntryKind
from stockbook.domain.words import ENTRY_KINDS
from stockbook.workbook.book import Book
from stockbook.workbook.rows import Row, lost_digits, values_of
from stockbook.workbook.sheets import column, sheet

SHEET = "entry"
_INPUTS = [c.key for c in sheet(SHEET).columns if c.role == "input"]
_KINDS = {word: kind for kind, label in ENTRY_KINDS.items() for word in (label.zh, label.en, kind)}
LATER = Label("改好再刷新才会记账", "it is posted when it is mended")
_IN_PARTS = (EntryKind.RECEIPT, EntryKind.RETURN, EntryKind.REFUSED)
MOST = 1e9


@dataclass(frozen=True)
class Known:
    """What a row may speak of.

    Attributes:
        skus: The codes of the sheet 商品.
        kits: Codes that are made of others.
        warehouses: Those kept apart from the main one, which needs no name.
    """

    skus: Container[str]
    kits: Container[str]
    warehouses: Sequence[str]


def read_entries(
    book: Book, known: Known, problems: list[Problem], *, shop_id: str, now: int
) -> tuple[EntryRow, ...]:
    """Return the rows that people filled in; what is wrong with them is added to `problems`."""
    rows = []
    for source in values_of(book, SHEET, problems):
        row = Row(SHEET, source, problems)
        number = row.text("entry_id")
        if all(source.cells.get(key) in (None, "") for key in _INPUTS):
            if number:
                _emptied(row)
            continue
        rows.append(EntryRow(source.number, number, _entry(row, known, shop_id, now)))
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
    _check_codes(row, known)
    if kind in _IN_PARTS and not math.isnan(units):
        defective = int(row.number("defective", 0, 0, units, whole=True))
    elif row.source.cells.get("defective") not in (None, "", 0):
        _no_defects(row)
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
        say(
            "从下拉里选一个；改好再刷新才会记账",
            "choose one from the list; it is posted when it is mended",
        ),
    )
    return None


def _sku(row: Row, known: Known) -> str:
    sku = row.text("sku")
    if not sku or lost_digits(row.source.cells.get("sku")) or sku not in known.skus:
        row.problem(
            "sku",
            sku or say("空", "empty"),
            say("商品 表里有的商家编码", "a code of the sheet SKUs"),
            say("改正编码，或先在 商品 里加一行；改好再刷新才会记账",
                "correct it, or add a row on SKUs first; it is posted when it is mended"),
        )  # fmt: skip
    elif sku in known.kits:
        row.problem(
            "sku",
            sku,
            say("组合的组成商品", "the components of the kit"),
            say("组合没有自己的库存：请按它的组成商品各记一行；" + LATER.zh,
                "a kit has no stock of its own: enter its components; " + LATER.en),
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


def _no_defects(row: Row) -> None:
    row.problem(
        "defective",
        row.source.cells.get("defective"),
        say("空", "empty"),
        say("次品只在收货和退货时填；坏掉的另记一行 转次品；" + LATER.zh,
            "only receipts and returns have defective units; use To defective; " + LATER.en),
    )  # fmt: skip


def _goes_to(row: Row) -> str:
    here, there = row.text("warehouse"), row.text("to_warehouse")
    if here == there:
        row.problem(
            "to_warehouse",
            there or say("空", "empty"),
            say("另一个仓库的编号", "another warehouse"),
            say(
                "填上调入仓库；改好再刷新才会记账",
                "enter where it goes; it is posted when it is mended",
            ),
        )
    return there


def _say_why(row: Row) -> None:
    row.problem(
        "reason",
        say("空", "empty"),
        say("为什么调整", "why it is corrected"),
        say("选一个原因；改好再刷新才会记账", "choose a reason; it is posted when it is mended"),
    )


def _check_codes(row: Row, known: Known) -> None:
    """Codes lose digits as numbers; a warehouse that nobody named is a slip."""
    for name in ("warehouse", "to_warehouse", "reference"):
        cell = row.source.cells.get(name)
        if cell not in (None, "") and lost_digits(cell):
            row.problem(
                name,
                cell,
                say("完整的编号文本", "the whole code, as text"),
                say("Excel 把编号变成数字、丢了位数：把该列设为文本再填；" + LATER.zh,
                    "Excel made it a number and lost digits: format the column as text; "
                    + LATER.en),
            )  # fmt: skip
        elif name != "reference" and row.text(name) not in ("", *known.warehouses):
            row.problem(
                name,
                row.text(name),
                "、".join(known.warehouses) or say("空（主仓）", "empty (the main warehouse)"),
                say("改正，或先在 设置 的 分仓编号 里加上这个仓库；" + LATER.zh,
                    "correct it, or add it under Separate warehouses on Settings; " + LATER.en),
            )  # fmt: skip


def rival_problem(row: EntryRow, standing: EntryRow | None) -> Problem:
    """Return what to tell where another row counts the same SKU at the same instant."""
    place = (
        say("商品 表", "the sheet SKUs")
        if standing is None
        else say(f"第 {standing.row} 行", f"row {standing.row}")
    )
    return Problem(
        str(sheet(SHEET).label),
        row.row,
        str(column(SHEET, "units").label),
        str(row.entry.units if row.entry else ""),
        say("同一商品同一时刻只盘一次", "one count of a SKU at one instant"),
        say(f"{place} 已有同一时刻的盘点，以它为准；请改正时间，或删掉这一行",
            f"{place} has a count of the same instant, which stands; correct the time or delete "
            "this row"),
    )  # fmt: skip


def nothing_to_void(row: EntryRow) -> Problem:
    """Return what to tell where a void row was never posted under its number."""
    return Problem(
        str(sheet(SHEET).label),
        row.row,
        str(column(SHEET, "kind").label),
        say("作废", "Void"),
        say("作废一行已经记过账的", "a row that was posted"),
        say("账本里没有这一行的记录，没有什么可作废；请按原来的内容填回再作废，或删掉这一行",
            "the ledger has nothing under its number: enter what it said and void it then, or "
            "delete the row"),
    )  # fmt: skip
