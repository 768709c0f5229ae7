"""Levels, alerts and purchases on the smallest shops that show each rule."""

import math
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockbook.domain import alerts, demand, forecast, levels, purchase
from stockbook.domain.clock import DAY, midnight
from stockbook.domain.records import Inbound
from stockbook.domain.tables import CATALOGUE, POSITION
from tests.domain.expecting import expected

NOW = midnight(date(2026, 3, 1)) + 10 * 3600
TODAY = date(2026, 3, 1)
NO_PATH = pd.DataFrame({"sku": [], "at": [], "free": []})


def catalogue(**changes):
    row = {"sku": "a", "name": "A", "category": "", "supplier": "S", "price_yuan": 10.0,
           "unit_cost_yuan": 4.0, "lead_time_days": 3.0, "lead_time_sd": 0.0,
           "emergency_lead_time_hours": math.nan, "moq": 1, "pack_size": 1,
           "service_level": 0.95, "manual_reorder_point": math.nan}  # fmt: skip
    return CATALOGUE.make([row | changes])


def positions(free):
    others = [c for c in POSITION.columns if c not in ("sku", "free")]
    return POSITION.make([{"sku": "a", "free": free} | dict.fromkeys(others, 0)])


def danger(free, mean=10.0, inbound=(), **terms):
    cat = catalogue(**terms)
    limits = levels.levels(expected(mean), cat, rule="normal", review_days=1)
    found = alerts.alerts(positions(free), expected(mean).table, limits, cat, inbound, now=NOW)
    return found.iloc[0], limits, cat


def test_the_briefs_own_example_gives_300_to_500():
    rule = levels.days_rule(100, 1000, cycle_days=3)
    assert (rule.low, rule.high, rule.reorder_point) == (300, 500, 500)
    assert levels.days_rule(100, 0, cycle_days=3).reorder_point == 300


def test_req_11_both_demand_spread_and_lead_time_spread_raise_the_buffer():
    calm = levels.safety_stock(10, 0, protection_days=4)
    spread = levels.safety_stock(10, 4, protection_days=4)
    late = levels.safety_stock(10, 4, protection_days=4, lead_time_sd=2)
    assert calm == 0 < spread < late


@pytest.mark.parametrize("rule", levels.RULES)
@settings(max_examples=30)
@given(
    st.floats(0, 1e3), st.floats(0, 1e3), st.floats(0, 60), st.floats(0, 20), st.floats(0.5, 0.99)
)
def test_req_11_levels_never_fall_as_service_time_or_spread_rise(rule, mean, sd, days, lt_sd, p):
    def level(spread=1.0, **changes):
        terms = {"lead_time_days": days, "lead_time_sd": lt_sd, "service_level": p} | changes
        told = expected(mean, sd * spread, factor=sd * spread)
        frame = levels.levels(told, catalogue(**terms), rule=rule, review_days=1)
        return frame["reorder_point"].iloc[0]

    base = level()
    assert level(service_level=min(p + 0.005, 0.995)) >= base
    assert level(lead_time_days=days + 1) >= base
    assert level(lead_time_sd=lt_sd + 1) >= base
    assert level(spread=1.5) >= base


def test_a_manual_line_wins_over_the_rule():
    frame = levels.levels(
        expected(10), catalogue(manual_reorder_point=800.0), rule="days", review_days=1
    )
    assert (frame["reorder_point"].iloc[0], frame["is_manual"].iloc[0]) == (800, True)


@pytest.mark.parametrize(
    ("free", "level", "words"),
    [
        (-5, "out", "超卖 5 件"),
        (0, "out", "可售为 0"),
        (30, "critical", "3.0 天后卖完；现在下单最快 3.0 天到"),
        (40, "low", "40 ≤ 安全库存线 40"),
        (50, "watch", "× 1.25"),
        (51, "ok", "够卖 5.1 天"),
    ],
)
def test_the_alert_table_row_by_row(free, level, words):
    row, _, _ = danger(free)
    assert (row["level"], words in row["reason"]) == (level, True), row["reason"]


def test_nothing_there_is_out_even_where_nothing_is_asked():
    assert danger(0, mean=0)[0]["level"] == "out"


def test_req_13_an_order_due_after_the_zero_date_still_alerts_and_still_orders():
    late = Inbound("a", 1000, NOW + 30 * DAY)
    row, limits, cat = danger(50, inbound=(late,))
    assert row["level"] == "critical"
    assert row["inventory_position"] == 50
    plan = purchase.suggest(positions(30), limits, danger(30, inbound=(late,))[0].to_frame().T
                            .astype({"inventory_position": float, "order_by_at": float}),
                            cat, now=NOW)  # fmt: skip
    assert plan["quantity"].iloc[0] > 0


def test_inbound_that_comes_in_time_counts():
    row, _, _ = danger(30, inbound=(Inbound("a", 500, NOW + DAY),))
    assert (row["level"], row["inventory_position"]) == ("ok", 530)


def test_the_last_moment_to_order_is_zero_minus_the_p90_lead_time():
    row, _, _ = danger(100, lead_time_sd=1.0)
    assert row["order_by_at"] == pytest.approx(NOW + (10 - 3 - 1.2816) * DAY)


@given(st.floats(0, 1e6), st.integers(1, 5000), st.integers(1, 500))
def test_a_purchase_is_nothing_or_at_least_moq_and_whole_packs(need, moq, pack):
    quantity = purchase.order_quantity(need, moq=moq, pack_size=pack)
    assert quantity == 0 or (quantity >= moq and quantity % pack == 0 and quantity >= need - 1e-3)


def test_req_07_ten_reruns_give_one_order_and_no_fraction_of_a_unit():
    row, limits, cat = danger(30, moq=7, pack_size=6)
    frame = pd.DataFrame([row]).astype({"inventory_position": float, "order_by_at": float})
    plans = [purchase.suggest(positions(30), limits, frame, cat, now=NOW) for _ in range(10)]
    assert {tuple(p["quantity"]) for p in plans} == {(24,)}
    assert purchase.order_quantity(0.09, moq=1, pack_size=1) == 0


def daily(rows):
    return pd.DataFrame(rows, columns=["sku", "date", "units"]).astype(
        {"date": "datetime64[ns]", "units": "int64"}
    )


def test_days_without_sales_are_zeros_and_today_is_left_out():
    sold = daily([("a", "2026-02-01", 4), ("a", "2026-02-03", 2), ("a", "2026-03-01", 9)])
    found = demand.history(sold, ["a", "b"], NO_PATH, start=date(2026, 1, 1), today=TODAY)
    assert found.first_day == date(2026, 2, 1)
    assert found.units[0, :4].tolist() == [4, 0, 2, 0]
    assert found.units.shape == (2, 28)
    assert found.today_units.tolist() == [9, 0]


def test_stock_out_days_say_nothing_about_demand():
    rows = [("a", f"2026-02-{d:02d}", 10) for d in range(1, 21)]
    out = midnight(date(2026, 2, 21))
    path = pd.DataFrame({"sku": ["a", "a"], "at": [out - DAY, out], "free": [5, 0]})
    seen = demand.history(daily(rows), ["a"], path, start=date(2026, 2, 1), today=TODAY)
    blind = demand.history(daily(rows), ["a"], NO_PATH, start=date(2026, 2, 1), today=TODAY)
    mean = forecast.forecast(seen).table["demand_mean"].iloc[0]
    assert mean == pytest.approx(10, abs=1e-4)
    assert forecast.forecast(blind).table["demand_mean"].iloc[0] < 8
    assert forecast.forecast(seen).table["stockout_days"].iloc[0] == 8
