"""The calendar: days off by decree, usual shop festivals, and what leaves the baseline."""

import math
from datetime import date, timedelta

import numpy as np
import pytest

from stockbook.domain import demand, forecast
from stockbook.domain.demand import DemandHistory
from stockbook.domain.festivals import (
    KINDS,
    Event,
    EventKind,
    decreed,
    event_days,
    event_kinds,
    event_places,
    event_type,
    usual_year,
    year_of,
)
from stockbook.domain.language import speak
from stockbook.public_holidays import public_holidays

FIRST = date(2026, 1, 1)


def event(first, last, kind=EventKind.CAMPAIGN, **more):
    out = more.pop("out", kind != EventKind.HOLIDAY)
    start, end = FIRST + timedelta(days=first), FIRST + timedelta(days=last)
    return Event(f"e{first}", "店庆", kind, start, end, out_of_baseline=out, **more)


def history(units, **more):
    units = np.atleast_2d(np.asarray(units, np.float32))
    n, t = units.shape
    made = {
        "skus": tuple(f"s{i}" for i in range(n)),
        "first_day": FIRST,
        "units": units,
        "in_stock": np.ones((n, t), np.float32),
        "known_since": np.zeros(n, np.int64),
        "today_units": np.zeros(n, np.float32),
        "closing": np.full((n, t), np.nan, np.float32),
    }
    return DemandHistory(**(made | more))


# Source: 国务院办公厅关于2024/2025/2026年部分节假日安排的通知.
@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("spring-2024", "2024-02-10", "2024-02-17"),
        ("spring-2025", "2025-01-28", "2025-02-04"),
        ("national-2025", "2025-10-01", "2025-10-08"),
        ("spring-2026", "2026-02-15", "2026-02-23"),
        ("labour-2026", "2026-05-01", "2026-05-05"),
        ("midautumn-2026", "2026-09-25", "2026-09-27"),
        ("national-2026", "2026-10-01", "2026-10-07"),
    ],
)
def test_days_off_are_those_of_the_decree_weekends_included_worked_ones_not(key, first, last):
    year = int(key[-4:])
    found = {e.event_id: e for e in usual_year(year, public_holidays(year))}[key]
    assert (found.first_on.isoformat(), found.last_on.isoformat()) == (first, last)
    assert (found.kind, found.out_of_baseline) == (EventKind.HOLIDAY, False)


def test_a_year_that_is_not_decreed_says_so_in_words():
    decree, guess = public_holidays(2026), {date(2031, 10, 1): "国庆节", date(2031, 1, 23): "春节"}
    assert (decreed(decree), decreed(guess)) == (True, False)
    notes = {e.event_id: e.note for e in usual_year(2031, guess)}
    assert "公布后请核对" in notes["national-2031"]
    assert {e.note for e in usual_year(2026, decree) if e.kind == EventKind.HOLIDAY} == {""}


def test_new_years_goods_are_counted_back_from_the_spring_festival():
    found = {e.event_id: e for e in usual_year(2026, public_holidays(2026))}["nianhuo-2026"]
    spring = date(2026, 2, 17)
    assert (spring - found.first_on, spring - found.last_on) == (
        timedelta(days=26),
        timedelta(days=8),
    )


def test_every_key_tells_its_year_and_no_two_are_alike():
    for year in (2024, 2025, 2026, 2027):
        keys = [e.event_id for e in usual_year(year, public_holidays(year))]
        assert len(set(keys)) == len(keys)
        assert {year_of(key) for key in keys} == {year}
    assert year_of("KXWQPBDF") is None


def test_a_festival_is_the_same_event_in_every_year_and_language():
    with speak("en"):
        english = usual_year(2025, public_holidays(2025))
    chinese = usual_year(2026, public_holidays(2026))
    types = {e.event_id[:-5]: e.event_type for e in english}
    assert all(types.get(e.event_id[:-5], e.event_type) == e.event_type for e in chinese)
    assert event_type("2024年双11") == event_type("双11") == "double11"


def test_a_year_without_its_spring_festival_has_no_new_years_goods():
    found = {e.event_id for e in usual_year(2050, {})}
    assert "nianhuo-2050" not in found
    assert "618-2050" in found


def test_req_18_event_days_leave_the_baseline_of_the_skus_they_concern():
    sale = event(2, 3, applies_to=("伞", "s2"))
    off = event(5, 6, EventKind.HOLIDAY)
    out = event_days([sale, off], ["s0", "s1", "s2"], ["伞", "帽", "帽"], FIRST, 8)
    assert out.astype(int).tolist() == [[0, 0, 1, 1, 0, 0, 0, 0], [0] * 8, [0, 0, 1, 1, 0, 0, 0, 0]]


def test_events_outside_the_history_touch_nothing():
    before, after = event(-9, -1), event(8, 20)
    assert not event_days([before, after], ["a"], [""], FIRST, 8).any()
    across = event(-3, 1)
    assert event_days([across], ["a"], [""], FIRST, 4).tolist() == [[True, True, False, False]]


def test_a_peak_day_is_its_own_event_not_a_usual_day_of_the_festival():
    long, peak = event(0, 9, EventKind.FESTIVAL), event(4, 4)
    for both in ([long, peak], [peak, long]):
        places = event_places(both, ["a"], [""], FIRST, 11)[0].tolist()
        assert [both[i].first_on.day if i >= 0 else 0 for i in places] == [1] * 4 + [5] + [
            1
        ] * 5 + [0]
    codes = event_kinds([long, peak], ["a"], [""], FIRST, 11)
    assert codes.dtype == np.int8
    assert [KINDS[c - 1] if c else None for c in codes[0, [0, 4, 10]]] == [
        EventKind.FESTIVAL,
        EventKind.CAMPAIGN,
        None,
    ]
    assert not event_kinds([], ["a"], [""], FIRST, 3).any()


def test_req_18_the_forecast_is_that_of_ordinary_days():
    units = np.full(90, 10.0)
    units[70:] = 60
    plain = history(units)
    sale = event_days([event(70, 89)], plain.skus, [""], FIRST, 90)
    quiet = plain.with_events(sale)
    assert forecast.forecast(plain).table["demand_mean"].iloc[0] > 25
    assert forecast.forecast(quiet).table["demand_mean"].iloc[0] == pytest.approx(10, abs=1e-3)
    assert math.isnan(plain.masked(sale)[0, 70])


def test_a_sku_that_has_little_but_event_days_keeps_them():
    units = np.full((2, 60), 5.0)
    out = np.zeros((2, 60), bool)
    out[0, : 60 - demand.LEAST_BASELINE] = True
    out[1, : 61 - demand.LEAST_BASELINE] = True
    found = np.isnan(history(units, event=out).masked()).sum(1)
    assert found.tolist() == [60 - demand.LEAST_BASELINE, 0]
