"""The calendar: what kinds of days there are, those of a usual year, and whom they concern.

Each year the platform announces its festivals and the State Council the days off; what stands
here are the usual spans, which people correct on the sheet 日历 (docs/DEMAND.md has the table).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from stockbook.domain.demand import DemandHistory
from stockbook.domain.language import Label, say

DAY = timedelta(days=1)
SATURDAY = 5


class EventKind(StrEnum):
    """What an event is to the shop."""

    HOLIDAY = "holiday"
    FESTIVAL = "festival"
    CAMPAIGN = "campaign"
    CLOSURE = "closure"


KINDS = tuple(EventKind)  # code of a kind in a matrix: its place here + 1; 0 is none
EVENT_KINDS = {
    EventKind.HOLIDAY: Label("公众假期", "Public holiday"),
    EventKind.FESTIVAL: Label("店铺大促", "Shop festival"),
    EventKind.CAMPAIGN: Label("本店活动", "Own campaign"),
    EventKind.CLOSURE: Label("停工停运", "Closure"),
}
LEAVES_BASELINE = {kind: kind != EventKind.HOLIDAY for kind in EventKind}  # unless people say so


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the calendar.

    Attributes:
        event_id: Its key on the sheet; "" where it has none yet.
        first_on, last_on: Its days, both inclusive.
        applies_to: The SKUs and categories it concerns; () is all.
        out_of_baseline: Whether its days are kept out of the baseline.
        factor: Demand as a multiple of the baseline that people entered; NaN if they did not.
        note: What people should know of a row that StockBook adds.
        row: Its place on the sheet, None where it is not there yet.
    """

    event_id: str
    name: str
    kind: EventKind
    first_on: date
    last_on: date
    applies_to: tuple[str, ...] = ()
    out_of_baseline: bool = True
    factor: float = math.nan
    note: str = ""
    row: int | None = None

    @property
    def days(self) -> int:
        """How many days it lasts."""
        return (self.last_on - self.first_on).days + 1

    @property
    def event_type(self) -> str:
        """What its uplift is measured under: the same festival of every year, in any language."""
        return event_type(self.name)


SPRING, MID_AUTUMN = "spring", "midautumn"
HOLIDAYS = {  # name in the public holidays -> our key and label; the first that is found names it
    "春节": (SPRING, Label("春节", "Spring Festival")),
    "国庆节": ("national", Label("国庆节", "National Day")),
    "中秋节": (MID_AUTUMN, Label("中秋节", "Mid-Autumn Festival")),
    "元旦": ("newyear", Label("元旦", "New Year")),
    "清明节": ("qingming", Label("清明节", "Qingming")),
    "劳动节": ("labour", Label("劳动节", "Labour Day")),
    "端午节": ("dragonboat", Label("端午节", "Dragon Boat Festival")),
}
_SHIFTED = re.compile(r"由 (\d{4}-\d\d-\d\d) 调休")


@dataclass(frozen=True)
class Usual:
    """A shop festival of a usual year.

    Attributes:
        first, last: Month and day; or days counted from `anchor`, a public holiday.
    """

    key: str
    label: Label
    first: tuple[int, int] | int
    last: tuple[int, int] | int
    anchor: str = ""


FESTIVALS = (
    Usual("nianhuo", Label("年货节", "New Year goods festival"), -26, -8, SPRING),
    Usual("38", Label("38节", "Women's Day 3.8"), (3, 1), (3, 8)),
    Usual("618", Label("618", "618"), (5, 31), (6, 20)),
    Usual("618-opening", Label("618开门红", "618 opening"), (6, 1), (6, 1)),
    Usual("618-day", Label("618当天", "618 day"), (6, 18), (6, 18)),
    Usual("818", Label("818", "818"), (8, 8), (8, 18)),
    Usual("mooncake", Label("中秋好物节", "Mid-Autumn gifts"), -10, -1, MID_AUTUMN),
    Usual("double11", Label("双11", "Double 11"), (10, 24), (11, 11)),
    Usual("double11-day", Label("双11当天", "Double 11 day"), (11, 11), (11, 11)),
    Usual("double12", Label("双12", "Double 12"), (12, 10), (12, 12)),
)
_LABELS = dict([*HOLIDAYS.values(), *((f.key, f.label) for f in FESTIVALS)])
_TYPES = {word.casefold(): key for key, label in _LABELS.items() for word in label}


def event_type(name: str) -> str:
    """Return what an event's uplift is measured under: its name, without a year beside it.

    Example:
        >>> event_type("双11"), event_type("Double 11"), event_type("2025双11"), event_type("店庆")
        ('double11', 'double11', 'double11', '店庆')
    """
    plain = re.sub(r"^(?:19|20)\d\d年?\s*|\s*(?:19|20)\d\d年?$", "", name.strip()).casefold()
    first = re.split("、| & ", plain)[0]
    return _TYPES.get(first, plain or name.strip().casefold())


def type_name(event_type: str) -> str:
    """Return what people call an event type; one of their own is called as they wrote it.

    Example:
        >>> type_name("double11"), type_name("店庆")
        ('双11', '店庆')
    """
    label = _LABELS.get(event_type)
    return str(label) if label else event_type


def year_of(event_id: str) -> int | None:
    """Return the year of a row that StockBook added, None of a person's own.

    Example:
        >>> year_of("double11-day-2026"), year_of("KXWQPBDF")
        (2026, None)
    """
    found = re.fullmatch(r"[a-z0-9-]+-(20\d\d)", event_id)
    return int(found[1]) if found else None


def usual_year(year: int, public: Mapping[date, str]) -> list[Event]:
    """Return the public holidays and the shop festivals of one year, as they usually are.

    Args:
        public: The year's days off and their Chinese names; shifted days say which day is worked
            instead. A year without any shifted day has not been decreed yet, which the note says.

    Returns:
        Events by first day; the key of each ends in the year. Days off run on over weekends that
        join them, unless those are worked.

    Example:
        >>> from stockbook.public_holidays import public_holidays
        >>> spring = usual_year(2026, public_holidays(2026))[2]
        >>> spring.name, spring.first_on.isoformat(), spring.last_on.isoformat()
        ('春节', '2026-02-15', '2026-02-23')
    """
    holidays = _holidays(year, public)
    day_of = {key: first for key, first in _named_days(public).items() if first is not None}
    shop = [_festival(year, usual, day_of) for usual in FESTIVALS]
    found = [*holidays, *(event for event in shop if event)]
    return sorted(found, key=lambda e: (e.first_on, -e.days))


def decreed(public: Mapping[date, str]) -> bool:
    """Tell whether a year's days off are those of a decree: they have shifted days."""
    return any(_SHIFTED.search(name) for name in public.values())


def _named_days(public: Mapping[date, str]) -> dict[str, date | None]:
    """The first day that bears each holiday's own name (春节 is the first of the first moon)."""
    return {
        key: next((day for day, name in sorted(public.items()) if name.startswith(zh)), None)
        for zh, (key, _) in HOLIDAYS.items()
    }


def _holidays(year: int, public: Mapping[date, str]) -> list[Event]:
    """The days off as spans, one holiday each."""
    worked = {date.fromisoformat(day) for name in public.values() for day in _SHIFTED.findall(name)}
    note = "" if decreed(public) else say("按惯例推算：放假安排公布后请核对日期",
                                          "before the decree: check it once it is out")  # fmt: skip
    events = []
    for first, last in _spans(public, worked):
        names = [public[day] for day in _days(first, last) if day in public]
        known = [zh for zh in HOLIDAYS if any(name.startswith(zh) for name in names)]
        if not known:
            continue
        key = HOLIDAYS[known[0]][0]
        name = say("、", " & ").join(str(HOLIDAYS[zh][1]) for zh in known)
        kind = EventKind.HOLIDAY
        events.append(
            Event(f"{key}-{year}", name, kind, first, last, out_of_baseline=False, note=note)
        )
    return events


def _spans(public: Mapping[date, str], worked: set[date]) -> list[tuple[date, date]]:
    """Stretches of days off, weekends that are not worked included."""

    def free(day: date) -> bool:
        return day in public or (day.weekday() >= SATURDAY and day not in worked)

    spans: list[tuple[date, date]] = []
    for day in sorted(public):
        if spans and day <= spans[-1][1]:
            continue
        first = last = day
        while free(first - DAY):
            first -= DAY
        while free(last + DAY):
            last += DAY
        spans.append((first, last))
    return spans


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=i) for i in range((last - first).days + 1))


def _festival(year: int, usual: Usual, day_of: Mapping[str, date]) -> Event | None:
    span = [_on(year, usual, edge, day_of) for edge in (usual.first, usual.last)]
    if span[0] is None or span[1] is None:
        return None
    note = say("常见档期：平台公布后请核对", "the usual span: check it once announced")
    key, name = f"{usual.key}-{year}", str(usual.label)
    return Event(key, name, EventKind.FESTIVAL, span[0], span[1], note=note)


def _on(
    year: int, usual: Usual, edge: tuple[int, int] | int, day_of: Mapping[str, date]
) -> date | None:
    if isinstance(edge, tuple):
        return date(year, *edge)
    anchor = day_of.get(usual.anchor)
    return anchor + timedelta(days=edge) if anchor else None


def concerns(event: Event, skus: Sequence[str], categories: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which SKUs an event applies to. (n,).

    Example:
        >>> day = date(2026, 5, 1)
        >>> sale = Event("x", "店庆", EventKind.CAMPAIGN, day, day, ("伞",))
        >>> concerns(sale, ["a", "b"], ["伞", "帽"]).tolist()
        [True, False]
    """
    if not event.applies_to:
        return np.ones(len(skus), np.bool_)
    wanted = set(event.applies_to)
    return np.array(
        [s in wanted or c in wanted for s, c in zip(skus, categories, strict=True)], np.bool_
    )


def _columns(event: Event, first_day: date, days: int) -> slice:
    """The columns of a matrix that begins at `first_day` which the event covers."""
    first = min(max((event.first_on - first_day).days, 0), days)
    return slice(first, max(first, min((event.last_on - first_day).days + 1, days)))


def event_days(
    events: Iterable[Event],
    skus: Sequence[str],
    categories: Sequence[str],
    first_day: date,
    days: int,
) -> npt.NDArray[np.bool_]:
    """Return the days that are kept out of each SKU's baseline. (n, T).

    Args:
        categories: The SKUs' categories, in their order.
        first_day: The day of column 0.
        days: T.
    """
    out = np.zeros((len(skus), days), np.bool_)
    for event in events:
        if event.out_of_baseline:
            out[concerns(event, skus, categories), _columns(event, first_day, days)] = True
    return out


def marked(
    history: DemandHistory, events: Iterable[Event], categories: Sequence[str]
) -> DemandHistory:
    """Return the history with the days named that are kept out of the baseline.

    Args:
        categories: The SKUs' categories, in the history's order.
    """
    days = history.units.shape[1]
    return history.with_events(
        event_days(events, history.skus, categories, history.first_day, days)
    )


def event_places(
    events: Sequence[Event],
    skus: Sequence[str],
    categories: Sequence[str],
    first_day: date,
    days: int,
) -> npt.NDArray[np.int16]:
    """Return the place in `events` of the event that each day belongs to, −1 if none. (n, T).

    Of several on one day the shortest counts, since a festival's peak day is no usual day of it;
    of two as long the one that began later.
    """
    places = np.full((len(skus), days), -1, np.int16)
    order = sorted(range(len(events)), key=lambda i: (-events[i].days, events[i].first_on))
    for i in order:
        places[concerns(events[i], skus, categories), _columns(events[i], first_day, days)] = i
    return places


def event_kinds(
    events: Sequence[Event],
    skus: Sequence[str],
    categories: Sequence[str],
    first_day: date,
    days: int,
) -> npt.NDArray[np.int8]:
    """Return the kind of each day: 0 none, else its place in `KINDS` + 1. (n, T)."""
    places = event_places(events, skus, categories, first_day, days)
    codes = np.array([KINDS.index(e.kind) + 1 for e in events] + [0], np.int8)
    return codes[places]
