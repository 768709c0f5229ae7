"""The rows of 日历: new ones, and what was measured of each event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from stockbook.domain.festivals import (
    EVENT_KINDS,
    Event,
    EventKind,
    decreed,
    usual_year,
    year_of,
)
from stockbook.domain.language import say
from stockbook.domain.tables import records
from stockbook.domain.uplift import NOTHING, Measured, uplift_id
from stockbook.public_holidays import public_holidays
from stockbook.workbook.book import Cell, Changes, TableChange
from stockbook.workbook.calendar import fresh_events
from stockbook.workbook.columns import YES_NO

Values = Mapping[str, Cell]


def calendar_rows(events: Sequence[Event], measured: Measured, today: date) -> list[Values]:
    """日历: every event with its measured uplift; what people own is filled into new rows only."""
    seen = {row["id"]: row for row in records(measured.table)}
    return [_row(event, seen, today) for event in events if event.event_id]


def first_calendar(today: date) -> Changes:
    """Return what a new workbook's calendar holds."""
    rows = calendar_rows(fresh_events((), today), NOTHING, today)
    return Changes((TableChange("calendar", rows),))


def _row(event: Event, seen: Mapping[str, Mapping[str, Any]], today: date) -> Values:
    found, borrowed = _measured(event, seen)
    return {
        "event_id": event.event_id,
        "name": event.name,
        "kind": str(EVENT_KINDS[event.kind]),
        "first": datetime.combine(event.first_on, time()),
        "last": datetime.combine(event.last_on, time()),
        "out_of_baseline": str(YES_NO["yes" if event.out_of_baseline else "no"]),
        "note": event.note or None,
        "uplift": round(found["factor"], 2) if found else None,
        "low": round(found["low"], 2) if found else None,
        "high": round(found["high"], 2) if found else None,
        "basis": _basis(event, found, today, borrowed=borrowed),
    }


def _measured(
    event: Event, seen: Mapping[str, Mapping[str, Any]]
) -> tuple[Mapping[str, Any] | None, bool]:
    """What was measured of an event's type, or else of its kind, which is borrowed."""
    kind, name = event.kind.value, event.event_type
    category = event.applies_to[0] if len(event.applies_to) == 1 else ""
    own = seen.get(uplift_id(kind, name, category)) or seen.get(uplift_id(kind, name))
    return (own, False) if own else (seen.get(uplift_id(kind)), True)


def _basis(
    event: Event, found: Mapping[str, Any] | None, today: date, *, borrowed: bool
) -> str | None:
    """Return on what a figure rests, and whether the decree says other days."""
    said = _announced(event, today)
    if event.kind == EventKind.CLOSURE:
        return said or None
    if found is None:
        return said or say("还没有过去的销量可量", "no past sales to measure")
    days = found["days"] / max(found["skus"], 1)
    basis = say(f"{found['skus']} 个商品，各 {days:.0f} 天",
                f"{found['skus']} SKUs, {days:.0f} days each")  # fmt: skip
    if borrowed:
        basis = say(f"借同类：{basis}", f"borrowed of its kind: {basis}")
    return say("；", "; ").join(filter(None, (said, basis)))


def _announced(event: Event, today: date) -> str:
    """Say where the decree has come out since the row was added and names other days."""
    year = year_of(event.event_id)
    if event.kind != EventKind.HOLIDAY or year is None or event.last_on < today:
        return ""
    public = public_holidays(year)
    usual = {e.event_id: e for e in usual_year(year, public)}.get(event.event_id)
    if usual is None or not decreed(public):
        return ""
    if (usual.first_on, usual.last_on) == (event.first_on, event.last_on):
        return ""
    span = f"{usual.first_on:%m-%d}–{usual.last_on:%m-%d}"
    return say(f"国务院公布 {span}，请核对", f"decreed {span}, please check")
