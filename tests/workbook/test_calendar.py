"""日历 and the overrides on 销量预测 as people fill them in, in both kinds of workbooks."""

import datetime as dt
import math
from types import SimpleNamespace

import pandas as pd
import pytest

from stockbook import actions, intake
from stockbook.domain.clock import day_of
from stockbook.domain.festivals import EventKind
from stockbook.domain.language import speak
from stockbook.domain.tables import OVERRIDES, UPLIFT
from stockbook.domain.uplift import NOTHING, Measured
from stockbook.workbook.book import Changes, TableChange
from stockbook.workbook.calendar_rows import calendar_rows, first_calendar
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.inputs import read_inputs
from stockbook.workbook.sheets import sheet

NOW = 1796868600  # 2026-12-10 10:10 in Beijing
TODAY = dt.date(2026, 12, 10)
THEIRS = tuple(c.key for c in sheet("calendar").columns if c.role in ("seed", "input"))
pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning:openpyxl")


def day(text):
    return dt.datetime.fromisoformat(text)


def own(**more):
    row = {
        "name": "周年庆",
        "kind": "本店活动",
        "first": day("2026-12-20"),
        "last": day("2026-12-22"),
    }
    return dict.fromkeys(THEIRS) | row | more


class Shop:
    """A workbook with two SKUs."""

    def __init__(self, house):
        self.house = house
        rows = [
            {"sku": "A", "name": "A", "category": "伞"},
            {"sku": "007", "name": "B", "category": ""},
        ]
        self.write(TableChange("sku", rows, columns=()))

    def write(self, *changes):
        return self.house.book().apply(Changes(changes))

    def type(self, *rows):
        """Fill in the first rows of the calendar."""
        self.write(
            TableChange("calendar", [own(**r) for r in rows], by_position=True, columns=THEIRS)
        )

    def read(self, now=NOW):
        return read_inputs(self.house.book(), shop_id="s", now=now)

    def refresh(self, now=NOW, measured=NOTHING):
        """Number, and write what a run writes of the calendar."""
        inputs = self.read(now)
        number = intake._numbers({row.event_id for row in inputs.calendar})
        rows, fresh = intake.calendar.numbered(inputs.calendar, number)
        intake._write_numbers(self.house.book(), (), (), fresh)
        events = [*(r.event for r in rows if r.event), *inputs.fresh_events]
        return self.write(TableChange("calendar", calendar_rows(events, measured, day_of(now))))

    def rows(self):
        return [r.cells for r in self.house.book().read_table("calendar") if r.cells.get("name")]


@pytest.fixture
def shop(house):
    return Shop(house)


def test_an_empty_calendar_gets_three_years_and_the_same_again_changes_nothing(shop):
    written = shop.refresh()
    assert written.rows_added > 45
    found = {row["event_id"]: row for row in shop.rows()}
    assert {int(key[-4:]) for key in found} == {2025, 2026, 2027}
    double11 = found["double11-2026"]
    assert (double11["name"], double11["kind"], double11["out_of_baseline"]) == (
        "双11",
        "店铺大促",
        "是",
    )
    assert (double11["first"], double11["last"]) == (day("2026-10-24"), day("2026-11-11"))
    assert found["spring-2026"]["out_of_baseline"] == "否"
    again = shop.refresh()
    assert (again.cells, again.rows_added) == (0, 0)
    inputs = shop.read()
    assert (inputs.problems, inputs.fresh_events, len(inputs.events)) == ((), (), len(found))


def test_what_people_changed_stays_and_what_they_deleted_does_not_come_back(shop):
    shop.refresh()
    where = {row.cells["event_id"]: row.number for row in shop.house.book().read_table("calendar")}
    shop.house.put("tblCalendar", "开始", where["618-2026"], "2026-05-13")
    for header in ("事件", "类型", "开始", "结束", "不计入基线", "备注", "编号"):
        shop.house.put("tblCalendar", header, where["818-2026"], None)
    shop.refresh()
    inputs = shop.read()
    kept = {e.event_id: e for e in inputs.events}
    assert kept["618-2026"].first_on == dt.date(2026, 5, 13)
    assert "818-2026" not in kept


def test_a_new_year_brings_the_rows_of_the_year_after_it_once(shop):
    shop.refresh()
    before = len(shop.rows())
    next_year = NOW + 40 * 86400
    assert {e.event_id[-4:] for e in shop.read(next_year).fresh_events} == {"2028"}
    shop.refresh(next_year)
    assert shop.read(next_year).fresh_events == ()
    assert len(shop.rows()) > before


def test_a_persons_row_is_read_numbered_and_found_again(shop):
    shop.type({"applies_to": "伞、007", "factor": 2.5}, {"name": "直播", "last": None})
    shop.refresh()
    inputs = shop.read()
    first, second = inputs.events[:2]
    assert (first.name, first.kind, first.applies_to) == (
        "周年庆",
        EventKind.CAMPAIGN,
        ("伞", "007"),
    )
    assert (first.first_on, first.last_on) == (dt.date(2026, 12, 20), dt.date(2026, 12, 22))
    assert (first.factor, first.out_of_baseline) == (2.5, True)
    assert second.first_on == second.last_on
    assert math.isnan(second.factor)
    assert len({first.event_id, second.event_id}) == 2
    assert all(len(e.event_id) == 8 and e.event_id.isalpha() for e in (first, second))
    again = shop.refresh()
    assert (again.cells, again.rows_added, inputs.problems) == (0, 0, ())


def test_a_row_copied_with_its_number_gets_one_of_its_own(shop):
    shop.type({}, {})
    shop.refresh()
    number = shop.rows()[0]["event_id"]
    shop.house.put("tblCalendar", "编号", 6, number)
    shop.refresh()
    ids = [row["event_id"] for row in shop.rows()]
    assert ids[0] == number
    assert len(set(ids)) == len(ids)


BAD = [
    ({"first": "11/12"}, "开始", "有歧义"),
    ({"first": "01-02-2026"}, "开始", "有歧义"),
    ({"first": "2026-02-30"}, "开始", "有歧义"),
    ({"first": "soon"}, "开始", "2026-11-01"),
    ({"first": None}, "开始", "填上它"),
    ({"last": day("2026-12-01")}, "结束", "改正开始或结束"),
    ({"last": day("1900-01-01")}, "结束", "2026-11-01"),
    ({"name": None}, "事件", "填上它"),
    ({"kind": "大促"}, "类型", "从下拉里选一个"),
    ({"applies_to": "帽"}, "适用", "用顿号隔开"),
]


def type_all(shop, rows):
    """Type rows; text into a date cell is put there as Excel leaves what it cannot read."""
    shop.type(*(row | {"first": day("2026-12-20")} if as_text(row) else row for row in rows))
    for number, row in enumerate(rows, 5):
        if as_text(row):
            shop.house.put("tblCalendar", "开始", number, row["first"])


def as_text(row):
    return isinstance(row.get("first"), str)


def test_rows_that_cannot_be_used_are_told_and_the_others_count(shop):
    type_all(shop, [row for row, _, _ in BAD] + [{"name": "好的"}])
    inputs = shop.read()
    assert [p.where for p in inputs.problems] == ["日历"] * len(BAD)
    assert [(p.row, p.column) for p in inputs.problems] == [
        (number, column) for number, (_, column, _) in enumerate(BAD, 5)
    ]
    for problem, (_, _, words) in zip(inputs.problems, BAD, strict=True):
        assert words in problem.expected + problem.fix
    assert [e.name for e in inputs.events if not e.event_id] == ["好的"]


def test_a_day_typed_as_text_with_the_year_first_is_understood(shop):
    written = ("2026-12-21", "2026/12/21", "2026年12月21日", "2026.12.21")
    type_all(shop, [{"first": text} for text in written])
    inputs = shop.read()
    assert [e.first_on for e in inputs.events[:4]] == [dt.date(2026, 12, 21)] * 4
    assert inputs.problems == ()


def test_a_slip_beside_the_dates_is_told_and_the_event_counts(shop):
    shop.type({"factor": 900}, {"out_of_baseline": "也许"}, {"applies_to": "伞、帽"})
    inputs = shop.read()
    assert [p.column for p in inputs.problems] == ["提升倍数(手填)", "不计入基线", "适用"]
    events = inputs.events[:3]
    assert [(e.name, e.out_of_baseline) for e in events] == [("周年庆", True)] * 3
    assert all(math.isnan(e.factor) for e in events)
    assert events[2].applies_to == ("伞",)


def test_cleared_rows_are_no_events(shop):
    shop.type(dict.fromkeys(THEIRS))
    inputs = shop.read()
    assert inputs.calendar == ()
    assert inputs.problems == ()


def measured(**more):
    row = {"id": "festival/double11/", "kind": "festival", "event_type": "double11", "category": "",
           "factor": 3.456, "low": 3.0, "high": 4.0, "sku_sd": 0.2, "days": 380, "skus": 20,
           "units": 900.0} | more  # fmt: skip
    whole = row | {"id": "festival//", "event_type": "", "factor": 2.0, "low": 1.0}
    return Measured(UPLIFT.make([row, whole]))


def test_req_18_the_measured_uplift_of_each_event_type_stands_in_its_row(shop):
    shop.refresh(measured=measured())
    found = {row["event_id"]: row for row in shop.rows()}
    last, next_ = found["double11-2025"], found["double11-2027"]
    assert (last["uplift"], last["low"], last["high"]) == (3.46, 3, 4)
    assert next_["uplift"] == 3.46
    assert next_["basis"] == "20 个商品，各 19 天"
    assert found["818-2026"]["basis"].startswith("借同类：")
    assert (found["818-2026"]["uplift"], found["spring-2027"]["uplift"]) == (2, None)
    assert found["spring-2026"]["basis"] == "还没有过去的销量可量"


def test_a_decree_that_came_out_later_is_told_and_the_dates_stay_the_peoples(shop):
    with speak("zh"):
        events = [e for e in read_fresh() if e.event_id == "spring-2026"]
    early = [dt.date(2026, 2, 16), dt.date(2026, 2, 22)]
    moved = SimpleNamespace(**{f: getattr(events[0], f) for f in events[0].__slots__},
                            event_type="spring")  # fmt: skip
    moved.first_on, moved.last_on = early
    (row,) = calendar_rows([moved], NOTHING, dt.date(2026, 1, 5))
    assert row["basis"].startswith("国务院公布 02-15–02-23，请核对")
    (past,) = calendar_rows([moved], NOTHING, dt.date(2026, 12, 1))
    assert past["basis"] == "还没有过去的销量可量"


def read_fresh():
    return intake.calendar.fresh_events((), TODAY)


@pytest.mark.parametrize(("language", "name"), [("zh", "双11"), ("en", "Double 11")])
def test_a_new_workbook_comes_with_its_calendar_in_its_language(tmp_path, language, name):
    path = tmp_path / "店.xlsm"
    actions.new(path, language=language, now=NOW)
    found = [row.cells["name"] for row in ClosedBook(path).read_table("calendar")]
    assert found.count(name) == 3
    with speak(language):
        assert len(found) == len(first_calendar(TODAY).tables[0].rows)
        inputs = read_inputs(ClosedBook(path), shop_id="s", now=NOW)
    assert (inputs.fresh_events, inputs.problems) == ((), ())


# --- overrides on 销量预测 -------------------------------------------------------------------


MANUAL = ("manual_factor", "manual_method", "until", "analogue", "analogue_factor", "trend",
          "trend_until")  # fmt: skip


def overriding(shop, *rows):
    """Type overrides of A and, if there are more, of further SKUs; return inputs and states."""
    skus = ["A", *(f"S{i}" for i in range(1, len(rows)))]
    typed = [
        {"sku": sku, **dict.fromkeys(MANUAL), **row} for sku, row in zip(skus, rows, strict=True)
    ]
    shop.write(TableChange("forecast", typed, columns=MANUAL))
    inputs = shop.read()
    return inputs, [inputs.override_states.get(sku, "") for sku in skus]


def test_an_override_holds_to_its_last_day_and_is_marked(shop):
    inputs, states = overriding(
        shop, {"manual_factor": 1.5, "manual_method": "霍尔特-温特斯", "until": day("2026-12-10")}
    )
    OVERRIDES.check(inputs.overrides)
    (row,) = inputs.overrides.to_dict("records")
    assert (row["method"], row["factor"], row["until"]) == ("hw", 1.5, pd.Timestamp("2026-12-10"))
    assert (states, inputs.problems) == (["手动至 2026-12-10"], ())


def test_an_override_that_is_over_is_ignored_and_marked(shop):
    inputs, states = overriding(shop, {"manual_factor": 1.5, "until": day("2026-12-09")})
    assert inputs.overrides.empty
    assert (states, inputs.problems) == (["✗ 手动已过期"], ())


def test_an_override_without_a_last_day_is_told_and_not_used(shop):
    inputs, states = overriding(
        shop, {"manual_factor": 2}, {"manual_method": "朴素法"}, {"trend": 1.2}
    )
    assert inputs.overrides.empty
    assert [(p.where, p.row, p.column) for p in inputs.problems] == [
        ("销量预测", 5, "有效至"), ("销量预测", 6, "有效至"), ("销量预测", 7, "趋势有效至")
    ]  # fmt: skip
    assert all("填上最后一天" in p.fix for p in inputs.problems)
    assert all(state.startswith("✗") for state in states)


def test_a_bad_override_is_told_with_its_column(shop):
    later = {"until": day("2027-01-01")}
    inputs, _ = overriding(
        shop,
        {"analogue": "A"},
        {"manual_factor": 99, **later},
        {"manual_method": "猜", **later},
        {"analogue": "ZZ"},
        {"analogue": "007", "analogue_factor": -1},
        {"trend": "涨", "trend_until": day("2027-01-01")},
        {"manual_factor": 2},
    )
    shop.house.put("tblForecast", "有效至", 11, "1/2/2027")
    inputs = shop.read()
    assert [p.column for p in inputs.problems] == [
        "参照商品", "手动系数", "手动方法", "参照商品", "参照倍数", "市场趋势系数", "有效至"
    ]  # fmt: skip


def test_req_18_an_analogue_needs_no_last_day_as_it_fades_by_itself(shop):
    inputs, states = overriding(
        shop, {"analogue": "007", "trend": 1.3, "trend_until": day("2026-12-31")}
    )
    (row,) = inputs.overrides.to_dict("records")
    assert (row["analogue"], row["analogue_factor"], row["factor"]) == ("007", 1, 1)
    assert (row["trend"], row["trend_until"]) == (1.3, pd.Timestamp("2026-12-31"))
    assert pd.isna(row["until"])
    assert states == ["趋势至 2026-12-31；参照 007"]


def test_choosing_automatic_is_no_override(shop):
    inputs, states = overriding(shop, {"manual_method": "自动"})
    assert (inputs.overrides.empty, states, inputs.problems) == (True, [""], ())
