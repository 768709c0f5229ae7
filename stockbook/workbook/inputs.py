"""Read what people entered, check it, and say what is wrong; bad cells never stop good rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from stockbook.domain.clock import day_of
from stockbook.domain.entries import EntryRow
from stockbook.domain.festivals import Event
from stockbook.domain.kits import parse_components
from stockbook.domain.language import say
from stockbook.domain.ledger import Components
from stockbook.domain.problems import Problem, WorkbookError
from stockbook.domain.records import UNMAPPED, StockCount
from stockbook.domain.tables import CATALOGUE, OVERRIDES
from stockbook.settings import Settings, read_settings
from stockbook.workbook.book import Book, TableRow
from stockbook.workbook.calendar import CalendarRow, fresh_events, read_calendar
from stockbook.workbook.entries import Known, read_entries
from stockbook.workbook.overrides import read_overrides
from stockbook.workbook.rows import Row, as_text, lost_digits, values_of
from stockbook.workbook.sheets import sheet


@dataclass(frozen=True)
class Inputs:
    """What the workbook holds of people's own: checked, defaults filled in.

    Attributes:
        catalogue: One row a SKU, schema `CATALOGUE`.
        counts: The stock counts of the 商品 sheet.
        listed: For each sheet, the keys its table holds today, in sheet order.
        components: Platform SKU → our codes and units, where people wrote them (SKU对照);
            `unsure`: the platform SKUs whose entry is wrong, so that nothing changes for them.
        entries: The rows of 收货与盘点, bad ones without what they say.
        analysed: What people chose on 数据分析, "" if nothing; None where there is no such sheet,
            as in workbooks of earlier versions.
        buffer: Units of a SKU that are not published to the shop, where people say so.
        calendar: The rows of 日历; `fresh_events`: those of years that are new to it.
        overrides: Schema `OVERRIDES`, those in force; `override_states`: SKU → what became of each
            one that people entered.
    """

    settings: Settings
    catalogue: pd.DataFrame
    counts: tuple[StockCount, ...]
    listed: Mapping[str, tuple[str, ...]]
    problems: tuple[Problem, ...] = field(default=())
    shop_id: str = ""
    components: Mapping[str, Components] = field(default_factory=dict)
    unsure: frozenset[str] = frozenset()
    entries: tuple[EntryRow, ...] = ()
    buffer: Mapping[str, int] = field(default_factory=dict)
    calendar: tuple[CalendarRow, ...] = ()
    fresh_events: tuple[Event, ...] = ()
    overrides: pd.DataFrame = field(default_factory=OVERRIDES.empty)
    override_states: Mapping[str, str] = field(default_factory=dict)
    analysed: str | None = ""

    @property
    def events(self) -> list[Event]:
        """The events that count: those of the sheet, and those that this run adds to it."""
        return [*(row.event for row in self.calendar if row.event), *self.fresh_events]


def read_inputs(book: Book, *, shop_id: str, now: int) -> Inputs:
    """Read 设置, 商品, SKU对照, 收货与盘点, 日历, and what people set on 安全库存 and 销量预测.

    Args:
        now: The run's instant [Unix s]; a count in the future is refused.

    Raises:
        WorkbookError: A sheet or column StockBook needs is gone.
    """
    problems: list[Problem] = []
    pairs = [(row.number, row.cells) for row in values_of(book, "setting", problems)]
    settings, bad_settings = read_settings(pairs, str(sheet("setting").label))
    problems += bad_settings
    own = _good_rows("safety", values_of(book, "safety", problems), problems)
    levels = {sku: _level_inputs(row) for sku, row in own.items()}
    skus = _good_rows("sku", values_of(book, "sku", problems), problems)
    terms = [_entry(sku, row, settings, levels.get(sku)) for sku, row in skus.items()]
    counts = [_count(sku, row, shop_id, now) for sku, row in skus.items()]
    listed = {name: _keys(book.read_table(name)) for name in ("forecast", "purchase", "alert")}
    listed |= {"sku": tuple(skus), "safety": tuple(own)}
    kits = values_of(book, "sku_map", problems)
    components, unsure = _components(kits, set(skus), problems)
    known = Known(
        {sku for sku in skus if not sku.startswith(UNMAPPED)},
        {as_text(row.cells.get("code")) for row in kits if as_text(row.cells.get("parts"))},
        settings.separate_warehouses(),
    )
    entries = read_entries(book, known, problems, shop_id=shop_id, now=now)
    buffer = _buffers(skus)
    categories = {row.text("category") for row in skus.values()} - {""}
    calendar = read_calendar(book, {*skus, *categories}, problems)
    manual = _good_rows("forecast", values_of(book, "forecast", problems), problems)
    overrides, states = read_overrides(manual, skus, day_of(now))
    frame = pd.DataFrame(terms, columns=list(CATALOGUE.columns)) if terms else CATALOGUE.empty()
    return Inputs(
        settings,
        CATALOGUE.check(frame.astype(CATALOGUE.columns)),
        tuple(count for count in counts if count),
        listed,
        tuple(problems),
        shop_id,
        components,
        unsure,
        entries,
        buffer,
        calendar,
        fresh_events(calendar, day_of(now)),
        overrides,
        states,
        analysed_sku(book),
    )


def _buffers(skus: Mapping[str, Row]) -> dict[str, int]:
    """Return the units that people keep back of their SKUs."""
    kept = {sku: row.number("publish_buffer", math.nan, 0, 1e9, whole=True)
            for sku, row in skus.items()}  # fmt: skip
    return {sku: int(units) for sku, units in kept.items() if not math.isnan(units)}


def analysed_sku(book: Book) -> str | None:
    """Return what is chosen on 数据分析: a code or part of a name; None without that sheet."""
    try:
        ((cell,),) = book.read_block("sb_an_choice")
    except WorkbookError:
        return None
    return as_text(cell)


def chosen_sku(book: Book) -> str:
    """Return the SKU chosen on 商品卡片: by code, by part of its name, or the first to run out.

    The card's own formula says the same where the workbook is open; a closed file may be out of
    date.
    """
    ((cell,),) = book.read_block("sb_sku_choice")
    choice = as_text(cell)
    if not choice:
        urgent = [row[2] for row in book.read_block("sb_home_countdown") if row[2]]
        return as_text(urgent[0]) if urgent else ""
    rows = [row.cells for row in book.read_table("sku")]
    codes = [as_text(row.get("sku")) for row in rows]
    part = choice.casefold()
    named = [
        code
        for code, row in zip(codes, rows, strict=True)
        if part in as_text(row.get("name")).casefold()
    ]
    return choice if choice in codes else next(iter(named), choice)


def _components(
    rows: Sequence[TableRow], known: Container[str], problems: list[Problem]
) -> tuple[dict[str, Components], frozenset[str]]:
    """Read SKU对照: the rows people filled in, and those they got wrong."""
    components: dict[str, Components] = {}
    unsure: set[str] = set()
    for source in rows:
        row = Row("sku_map", source, problems)
        key, text = row.text("shop_sku_id"), row.text("parts")
        if not key or not text:
            continue
        if key in components or key in unsure:
            _mapped_twice(row)
            continue
        try:
            parts = parse_components(text)
            strange = [code for code, _ in parts if code not in known]
        except ValueError as error:
            parts, strange = (), [str(error) or say("空", "empty")]
        if strange:
            unsure.add(key)
            row.problem(
                "parts",
                "、".join(strange),
                say(
                    "商品 表里有的商家编码，如 A×2 + B", "codes of the sheet SKUs, such as A×2 + B"
                ),
                say(
                    "改正编码，或先在 商品 里加一行；改好之前按原来的对照记账",
                    "correct the code, or add a row on SKUs first; until then nothing changes",
                ),
            )
        else:
            components[key] = parts
    return components, frozenset(unsure)


def _mapped_twice(row: Row) -> None:
    row.problem(
        "shop_sku_id",
        row.text("shop_sku_id"),
        say("每个平台SKU只出现一次", "each platform SKU once"),
        say("前面已有同一编号的行，以那一行为准；请删掉这一行",
            "a row above has the same id and counts; delete this one"),
    )  # fmt: skip


def _keys(rows: Iterable[TableRow]) -> tuple[str, ...]:
    return tuple(k for k in (as_text(row.cells.get("sku")) for row in rows) if k)


def _good_rows(name: str, rows: Sequence[TableRow], problems: list[Problem]) -> dict[str, Row]:
    """Rows by SKU: without blank, broken and repeated keys."""
    good: dict[str, Row] = {}
    for source in rows:
        row = Row(name, source, problems)
        sku, cell = row.text("sku"), source.cells.get("sku")
        if not sku:
            _stray(row)
        elif lost_digits(cell):
            row.problem(
                "sku",
                cell,
                say("完整的编码文本", "the whole code, as text"),
                say(
                    "Excel 把编码变成数字、丢了位数：把该列设为文本，重填完整编码；此行已跳过",
                    "Excel turned the code into a number and lost digits: format the column as "
                    "text and enter the whole code again; the row was skipped",
                ),
            )
        elif sku in good:
            first = good[sku].source.number
            row.problem(
                "sku",
                sku,
                say("每个编码只出现一次", "each code once"),
                say(
                    f"第 {first} 行已有同一编码，以那一行为准；请合并或删除这一行",
                    f"row {first} has the same code and counts; merge or delete this row",
                ),
            )
        else:
            good[sku] = row
    return good


def _stray(row: Row) -> None:
    """A row with inputs but no key is not ours to guess."""
    inputs = [c.key for c in sheet(row.sheet).columns if c.role == "input"]
    filled = [key for key in inputs if row.source.cells.get(key) not in (None, "")]
    if filled:
        row.problem(
            "sku",
            say("空", "empty"),
            say("商家编码", "a SKU code"),
            say("补上商家编码，或清空这一行；此行已跳过", "enter the code or clear it; skipped"),
        )


def _level_inputs(row: Row) -> tuple[float, float]:
    service = row.number("service_level", math.nan, 0.5, 0.9999)
    return service, row.number("manual_reorder_point", math.nan, 0, 1e9)


def _entry(
    sku: str, row: Row, settings: Settings, own: tuple[float, float] | None
) -> dict[str, Any]:
    """One row of the catalogue; every number is checked and has a default."""
    service, manual = own or (math.nan, math.nan)
    number: Callable[..., float] = row.number
    return {
        "sku": sku,
        "name": row.text("name") or sku,
        "category": row.text("category"),
        "supplier": row.text("supplier"),
        "price_yuan": number("price", math.nan, 0, 1e7),
        "unit_cost_yuan": number("unit_cost", math.nan, 0, 1e7),
        "lead_time_days": number("lead_time_days", settings.lead_time_days, 0, 365),
        "lead_time_sd": number("lead_time_sd", settings.lead_time_sd, 0, 180),
        "emergency_lead_time_hours": number("emergency_hours", math.nan, 0, 2000),
        "moq": int(number("moq", 1, 1, 1e7, whole=True)),
        "pack_size": int(number("pack_size", 1, 1, 1e6, whole=True)),
        "service_level": service,
        "manual_reorder_point": manual,
    }


def _count(sku: str, row: Row, shop_id: str, now: int) -> StockCount | None:
    """The row's stock count, if it has a whole one."""
    quantity = row.number("counted_on_hand", math.nan, 0, 1e9, whole=True)
    at = None if math.isnan(quantity) else row.instant("counted_at", now)
    if at is None:
        return None
    if sku.startswith(UNMAPPED):
        row.problem(
            "counted_on_hand",
            int(quantity),
            say("有商家编码的商品", "a SKU with a code"),
            say("先在抖店后台给它商家编码，或在 SKU对照 写明组成，再盘点",
                "give it a code in the shop, or write what it is made of on SKU map, then count"),
        )  # fmt: skip
        return None
    return StockCount(shop_id, sku, int(quantity), at, reason=row.text("count_reason"))
