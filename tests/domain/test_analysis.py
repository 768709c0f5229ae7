"""What the analysis says, held against sums made by hand from a small shop."""

import math
import random
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.seasonal import seasonal_decompose

from stockbook.domain import analysis_effects as effects
from stockbook.domain import analysis_sales as sold
from stockbook.domain.analysis import analyse
from stockbook.domain.analysis_tables import UPLIFT, SalesFacts
from stockbook.domain.channels import PROVINCES, channel_in_words, channel_of, province_of
from stockbook.domain.demand import DemandHistory
from stockbook.domain.language import speak
from stockbook.domain.tables import UPLIFT as MEASURED
from stockbook.domain.uplift import Measured
from stockbook.workbook.look import text_width

TODAY = date(2026, 3, 2)  # a Monday
WIDEST = 100  # [Excel column units] of a sentence on the sheet


def frame(columns, *rows):
    names = columns.split()
    made = pd.DataFrame(rows, columns=names)
    kinds = {n: "float64" for n in names if n not in TEXTS} | {
        n: "str" for n in names if n in TEXTS
    }
    if "date" in names:
        kinds["date"] = "datetime64[s]"
        made["date"] = [ago(days) for days in made["date"]]
    return made.astype(kinds | ({"hour": "int64"} if "hour" in names else {}))


TEXTS = {"sku", "channel", "author", "province", "kind", "segment", "product", "name"}


def ago(days):
    return pd.Timestamp(TODAY - timedelta(days=days))


def sales(*rows):
    """Rows of sku, days ago, units, revenue, list."""
    return frame("sku date units revenue_yuan list_yuan orders", *((*row, 1) for row in rows))


def facts(**given):
    empty = {
        "sales": sales(),
        "sources": frame("date channel author units revenue_yuan orders"),
        "hours": frame("date hour units revenue_yuan"),
        "refunds": frame("sku units before after refund_yuan"),
        "provinces": frame("province orders revenue_yuan"),
        "traffic": frame("date product name exposures clicks visitors buyers units amount_yuan"),
        "audience": frame("kind segment share"),
    }
    return SalesFacts(**empty | given)


def history(units=(), sku="A", in_stock=None):
    units = np.array([units], np.float32)
    days = units.shape[1]
    share = np.ones_like(units) if in_stock is None else np.array([in_stock], np.float32)
    none = np.zeros((1, days), np.float32)
    return DemandHistory((sku,), TODAY - timedelta(days=days), units, share,
                         np.zeros(1, np.int64), none[:, :1], none)  # fmt: skip


CATALOGUE = pd.DataFrame(
    {"sku": ["A", "B"], "name": ["遮阳伞", "雨伞"], "category": ["伞", "伞"]}, dtype="str"
)


def small(**given):
    return analyse(facts(**given), CATALOGUE, history((0.0,) * 30), today=TODAY)


def test_a_days_revenue_is_the_sum_of_its_lines_and_the_mean_is_of_seven_days():
    daily = sold.by_day(sales(("A", 1, 2, 70, 70), ("B", 1, 1, 30, 30), ("A", 8, 1, 40, 40)), TODAY)
    assert len(daily) == 84
    last = daily.iloc[-1]
    assert (last["revenue_yuan"], last["units"]) == (100, 3)
    assert last["mean7_yuan"] == pytest.approx(100 / 7)
    assert daily["revenue_yuan"].tolist()[-8:] == [40, 0, 0, 0, 0, 0, 0, 100]
    assert daily["revenue_yuan"].isna().sum() == 84 - 8  # before the first sale nothing is known


def test_weeks_run_from_monday_to_sunday_and_the_running_week_is_left_out():
    later = TODAY + timedelta(days=2)
    week = sold.by_week(sales(("A", 1, 2, 70, 70), ("A", 7, 1, 40, 40), ("A", 8, 1, 5, 5)), later)
    assert week["week"].tolist() == ["2026-W08", "2026-W09"]
    assert week["revenue_yuan"].tolist() == [5, 110]


def test_an_hour_is_what_a_usual_day_brings_in_it():
    rows = ((1, 20, 6, 60), (2, 20, 2, 20), (2, 9, 4, 40))
    hours = sold.by_hour(frame("date hour units revenue_yuan", *rows), TODAY)
    assert hours.loc[20, ["units", "revenue_yuan"]].tolist() == [4, 40]  # of two days
    assert hours["share"].sum() == pytest.approx(1)
    assert hours.loc[9, "share"] == pytest.approx(4 / 12)


def test_channels_and_hosts_are_shares_of_the_last_28_days():
    sources = frame(
        "date channel author units revenue_yuan orders",
        (1, "live", "阿梨", 2, 60, 1), (5, "live", "大鹏", 1, 20, 1), (5, "shelf", "", 1, 20, 1),
        (28, "shelf", "", 1, 100, 1), (29, "live", "阿梨", 1, 50, 1), (57, "live", "", 1, 999, 1),
    )  # fmt: skip
    channels = sold.by_channel(sources, TODAY).set_index("channel")
    assert channels["revenue_yuan"].to_dict() == {"shelf": 120, "live": 80}
    assert channels["before_yuan"].to_dict() == {"shelf": 0, "live": 50}
    hosts = sold.by_host(sources, TODAY)
    assert hosts["author"].tolist() == ["阿梨", "大鹏"]
    assert hosts["share"].tolist() == [0.3, 0.1]


def test_provinces_with_few_orders_are_never_named():
    rows = (("浙江", 40, 800.0), ("西藏", 4, 100.0), ("青海", 1, 100.0))
    provinces = sold.by_province(frame("province orders revenue_yuan", *rows))
    assert dict(zip(provinces["province"], provinces["share"], strict=True)) == {
        "浙江": 0.8,
        "": 0.2,
    }


def test_a_is_what_brings_the_first_80_per_cent_and_x_is_what_sells_evenly():
    rows = [("A", d, 10, 800 / 91, 0) for d in range(1, 92)]
    rows += [
        ("B", d, 30 if d % 28 == 1 else 0, 15 / 4 if d % 28 == 1 else 0, 0) for d in range(1, 92)
    ]
    rows += [("C", 3, 1, 5, 5)]
    ranking = sold.ranked(sales(*rows), {"A": "遮阳伞"}, TODAY).set_index("sku")
    assert ranking["abc"].to_dict() == {"A": "A", "B": "C", "C": "C"}
    assert ranking["xyz"].to_dict() == {"A": "X", "B": "Z", "C": ""}  # C is younger than four weeks
    assert ranking.loc["A", "name"] == "遮阳伞"
    assert ranking["cumulative"].iloc[-1] == pytest.approx(1)


def priced(elasticity, days=200, cuts=(1.0, 0.8)):
    dice, rows = random.Random(5), []
    for d in range(1, days + 1):
        price = 50 * cuts[d // 7 % len(cuts)]
        units = max(1, round(dice.gauss(30 * (price / 50) ** elasticity, 3)))
        rows += [("A", d, units, units * price, units * 50), ("B", d, 20, 400, 400)]
    return sales(*rows)


@pytest.mark.parametrize("elasticity", [-2.0, -0.8])
def test_a_planted_price_effect_lies_in_its_interval(elasticity):
    (row,) = effects.price_effects(priced(elasticity), {}).to_dict("records")
    assert row["sku"] == "A"  # the price of B never moved
    assert row["low"] < elasticity < row["high"]
    assert row["high"] - row["low"] < 0.5
    assert (row["cheapest_yuan"], row["dearest_yuan"]) == pytest.approx((40, 50))


def test_a_price_that_hardly_moved_tells_nothing_and_the_sentence_says_so():
    found = small(sales=priced(-2.0, cuts=(1.0, 0.98)))
    assert found.prices.empty
    assert "算不出价格影响" in found.said["prices"]
    assert effects.price_effects(priced(-2.0, days=41), {}).empty


def test_refund_rates_are_shares_of_units_paid_before_and_after_shipping():
    refunds = frame("sku units before after refund_yuan", ("A", 40, 2, 4, 90), ("B", 60, 0, 3, 30))
    rates = effects.refund_rates(refunds, {}, {"A": "遮阳伞"}).set_index("key")
    assert rates.loc["A", ["before", "after", "rate"]].tolist() == pytest.approx([0.05, 0.1, 0.15])
    both = effects.refund_rates(refunds, {"A": "伞", "B": "伞"}, {})
    assert both[["units", "rate", "refund_yuan"]].iloc[0].tolist() == pytest.approx(
        [100, 0.09, 120]
    )
    few = frame("sku units before after refund_yuan", ("A", 19, 19, 0, 1))
    assert effects.refund_rates(few, {}, {}).empty


def test_new_is_what_was_first_sold_lately_not_what_the_first_day_of_the_data_shows():
    rows = [("A", d, 1, 1, 1) for d in range(1, 40)]
    rows += [("B", d, d, 1, 1) for d in range(1, 15)]
    new = effects.newcomers(sales(*rows), {}, TODAY)
    assert new[["sku", "days", "first_week", "last_week"]].to_numpy().tolist() == [["B", 14, 11, 4]]
    ramp = effects.ramp(sales(*rows), new, TODAY)
    assert ramp["units"].tolist() == list(range(14, 0, -1))


def traffic(*rows):
    whole = [(*row[:2], row[1], None, None, *row[2:], None, None) for row in rows]
    names = "date product name exposures clicks visitors buyers units amount_yuan"
    return frame(names, *whole)


def test_conversion_counts_only_the_hours_in_which_the_product_could_be_bought():
    stock = history((1.0,) * 10, in_stock=(1,) * 8 + (0.5, 0.0))
    rows = traffic((3, "7", 100, 10), (2, "7", 100, 5), (1, "7", 100, 0), (1, "8", 10, 10))
    (row,) = effects.conversion(rows, {"7": ("A",)}, stock, TODAY).to_dict("records")
    assert row["conversion"] == pytest.approx(15 / 300)
    assert row["sellable"] == pytest.approx(0.5)
    assert row["conversion_in_stock"] == pytest.approx(15 / 150)


def test_trend_and_week_are_those_of_statsmodels():
    dice = np.random.default_rng(3)
    week = np.array([1.0, 0.8, 0.9, 1.0, 1.2, 1.3, 0.8])
    units = dice.poisson(20 * np.tile(week, 12) * np.linspace(1, 1.5, 84)).astype(np.float32)
    split, season = effects.trend_and_week(history(units), "A")
    theirs = seasonal_decompose(units.astype(float), period=7)
    np.testing.assert_allclose(split["trend"], theirs.trend, rtol=1e-6)
    first = (TODAY - timedelta(days=84)).weekday()
    expected = np.roll(theirs.seasonal[:7], first) / np.nanmean(theirs.trend)
    np.testing.assert_allclose(season["change"], expected, atol=1e-6)


def test_one_livestream_is_not_the_trend():
    units = [10.0] * 60 + [800.0]
    split, _ = effects.trend_and_week(history(units), "A")
    assert split["units"].iloc[-1] == 800
    assert split["shown"].iloc[-1] == 40
    assert split["trend"].max() < 15


def test_event_days_are_drawn_as_they_were_and_are_no_trend():
    units = [10.0] * 40 + [30.0] * 10 + [10.0] * 40
    found = history(units)
    event = np.zeros(found.units.shape, dtype=bool)
    event[:, 40:50] = True
    split, _ = effects.trend_and_week(found.with_events(event), "A")
    assert list(split["shown"][40:50]) == [30.0] * 10
    assert list(split["counted"][39:51]) == [1] + [0] * 10 + [1]
    assert split["trend"].max() == pytest.approx(10)


def test_the_chosen_sku_is_found_by_code_by_name_or_is_the_best_seller():
    given = facts(sales=sales(("B", 1, 1, 90, 90), ("A", 1, 1, 10, 10)))
    for asked, found in (("A", "A"), ("遮阳", "A"), ("", "B"), ("没有这个", "B")):
        assert analyse(given, CATALOGUE, history(), today=TODAY, chosen=asked).chosen == found


def test_a_measured_uplift_is_shown_for_the_whole_shop():
    row = {"kind": "festival", "factor": 3.2, "low": 2.5, "high": 4.1, "sku_sd": 0.1, "days": 9,
           "skus": 2, "units": 90.0}  # fmt: skip
    measured = Measured(MEASURED.make([
        row | {"id": "a", "event_type": "双11", "category": ""},
        row | {"id": "b", "event_type": "双11", "category": "伞", "factor": 4.0},
        row | {"id": "c", "event_type": "", "category": ""},
    ]))  # fmt: skip
    found = analyse(facts(), CATALOGUE, history(), today=TODAY, measured=measured)
    assert "双11" in found.said["uplift"]
    wanted = {"event": "双11", "events": 2, "factor": 3.2, "low": 2.5, "high": 4.1}
    pd.testing.assert_frame_equal(found.uplift, UPLIFT.make([wanted]))


def test_figures_compare_28_days_with_the_28_before():
    rows = [("A", d, 1, 9, 10) for d in range(1, 29)] + [("A", d, 1, 6, 10) for d in range(29, 57)]
    refunds = frame("sku units before after refund_yuan", ("A", 50, 1, 4, 1))
    found = small(sales=sales(*rows), refunds=refunds).figures
    assert (found.revenue_yuan, found.revenue_before, found.units) == (252, 168, 28)
    assert found.discount == pytest.approx(0.1)
    assert found.refund_rate == pytest.approx(0.1)
    shorter = small(sales=sales(*rows[:40])).figures
    assert math.isnan(shorter.revenue_before)  # less than 56 days are known


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("given", [{}, {"sales": sales(("A", 1, 1, 9, 9))}, {"sales": priced(-2)}])
def test_with_little_data_every_table_says_a_sentence_that_fits_its_field(language, given):
    with speak(language):
        found = small(**given)
        assert all(isinstance(text, str) for text in found.said.values())
        assert {k: t for k, t in found.said.items() if text_width(t) > WIDEST} == {}
        for text in found.said.values():
            assert "nan" not in text


def test_where_it_was_seen_comes_before_who_brought_it():
    told = {"room_id": "", "video_id": "", "author_id": "", "business": None, "setting": ""}
    for given, channel in (
        ({"room_id": "7", "author_id": "1", "business": 2}, "live"),
        ({"video_id": "7", "author_id": "1"}, "video"),
        ({"author_id": "1", "business": 2}, "alliance"),
        ({"business": 8}, "shelf"),
        ({"setting": "live"}, "live"),
        ({}, ""),
    ):
        assert channel_of(**told | given) == channel
    assert channel_in_words("直播", "达人") == "live"
    assert channel_in_words("-", "精选联盟") == "alliance"
    assert channel_in_words("奇怪的新来源") == "other"


def test_only_the_names_of_provinces_are_taken():
    assert len(PROVINCES) == 34
    assert province_of("新疆维吾尔自治区") == "新疆"
    assert province_of("上海市") == "上海"
    for text in ("杭州市", "诱饵路 1 号", "浙江省杭州市西湖区文三路 1 号", "张三", ""):
        assert province_of(text) == ""
