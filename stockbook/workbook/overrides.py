"""Read what people override on 销量预测: method, factor, analogue, market trend, and until when."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from datetime import date
from typing import Any

import pandas as pd

from stockbook.domain.language import say
from stockbook.domain.tables import OVERRIDES
from stockbook.domain.words import CHOICES
from stockbook.workbook.rows import Row, lost_digits

_METHODS = {word: code for code, label in CHOICES.items() for word in (*label, code)}
FACTOR, ANALOGUE, TREND = (0.1, 10.0), (0.05, 20.0), (0.2, 5.0)


def read_overrides(
    rows: Mapping[str, Row], known: Container[str], today: date
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the overrides in force and, by SKU, what became of each one that people entered.

    An override needs a last day; one that is over is left out, and says so on its row.

    Args:
        rows: The rows of 销量预测 by SKU.
        known: The SKUs that may be an analogue.

    Returns:
        Schema `OVERRIDES`, only SKUs with something in force; SKU → words.
    """
    found: list[dict[str, Any]] = []
    states = {}
    for sku, row in rows.items():
        said: list[str] = []
        method, factor, until = _manual(row, today, said)
        trend, trend_until = _trend(row, today, said)
        analogue, times = _analogue(row, sku, known, said)
        if said:
            states[sku] = _worst_first(said)
        if until or trend_until or analogue:
            ends = (pd.Timestamp(day) if day else pd.NaT for day in (until, trend_until))
            values = (sku, method, factor, next(ends), analogue, times, trend, next(ends))
            found.append(dict(zip(OVERRIDES.columns, values, strict=True)))
    return OVERRIDES.make(found), states


def _worst_first(said: list[str]) -> str:
    return say("；", "; ").join(sorted(said, key=lambda words: not words.startswith("✗")))


def _manual(row: Row, today: date, said: list[str]) -> tuple[str, float, date | None]:
    """Method, factor and their last day; the last day is None where none is in force."""
    method, factor = _method(row), row.number("manual_factor", math.nan, *FACTOR)
    if method in ("", "auto") and math.isnan(factor):
        return "", 1.0, None
    until = _last_day(row, "until", say("手动", "manual"), today, said)
    return (method, 1.0 if math.isnan(factor) else factor, until) if until else ("", 1.0, None)


def _method(row: Row) -> str:
    word = row.text("manual_method")
    if not word or word in _METHODS:
        return _METHODS.get(word, "")
    row.problem(
        "manual_method",
        word,
        "、".join(map(str, CHOICES.values())),
        say("从下拉里选一个；这次仍用系统挑的", "choose one from the list; ours was used"),
    )
    return ""


def _trend(row: Row, today: date, said: list[str]) -> tuple[float, date | None]:
    trend = row.number("trend", math.nan, *TREND)
    if math.isnan(trend):
        return math.nan, None
    until = _last_day(row, "trend_until", say("趋势", "trend"), today, said)
    return (trend, until) if until else (math.nan, None)


def _last_day(row: Row, column: str, what: str, today: date, said: list[str]) -> date | None:
    """The last day of an override in force, None where there is none or it is over."""
    until = row.day(column)
    if until is None:
        if row.is_empty(column):
            row.problem(
                column,
                say("空", "empty"),
                say("最后一天，如 2026-11-30", "its last day, such as 2026-11-30"),
                say("手动值都要有期限：填上最后一天；这次没有用它",
                    "what is entered by hand needs an end: enter its last day; it was not used"),
            )  # fmt: skip
        said.append(say(f"✗ {what}缺最后一天", f"✗ {what}: no last day"))
        return None
    if until < today:
        said.append(say(f"✗ {what}已过期", f"✗ {what}: expired"))
        return None
    said.append(say(f"{what}至 {until:%Y-%m-%d}", f"{what} to {until:%Y-%m-%d}"))
    return until


def _analogue(row: Row, sku: str, known: Container[str], said: list[str]) -> tuple[str, float]:
    like, times = row.text("analogue"), row.number("analogue_factor", 1.0, *ANALOGUE)
    if not like:
        return "", 1.0
    if like == sku or like not in known or lost_digits(row.source.cells.get("analogue")):
        row.problem(
            "analogue",
            like,
            say("商品 表里另一个商家编码", "another code of the sheet SKUs"),
            say("改正编码；这次没有参照", "correct the code; none was used"),
        )
        said.append(say("✗ 参照商品不对", "✗ analogue"))
        return "", 1.0
    said.append(say(f"参照 {like}", f"like {like}"))
    return like, times
