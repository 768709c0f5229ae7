"""Season, hot product, market trend, campaigns: bounded, finite, 1 where nothing is known."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockbook.domain import factors
from stockbook.domain.festivals import event_days
from stockbook.domain.tables import CATALOGUE, FACTORS, OVERRIDES
from stockbook.domain.uplift import NOTHING, measure
from tests.domain.promotional import FIRST, festival, history, shop

TWO_WEEKS = np.array([14])


def catalogue(skus, lead_time_days=6.0, category=""):
    row = {"name": "", "supplier": "", "price_yuan": 10.0, "unit_cost_yuan": 4.0,
           "lead_time_sd": 0.0, "emergency_lead_time_hours": math.nan, "moq": 1, "pack_size": 1,
           "service_level": 0.95, "manual_reorder_point": math.nan,
           "lead_time_days": lead_time_days, "category": category}  # fmt: skip
    return CATALOGUE.make([row | {"sku": sku} for sku in skus])


def override(**more):
    row = {"sku": "s000", "method": "", "factor": 1.0, "until": pd.NaT, "analogue": "",
           "analogue_factor": 1.0, "trend": math.nan, "trend_until": pd.NaT}  # fmt: skip
    return OVERRIDES.make([row | more])


def every(past, today, events=(), measured=NOTHING, overrides=None, **terms):
    over = OVERRIDES.empty() if overrides is None else overrides
    cat = catalogue(past.skus, **terms)
    return factors.factors(past, cat, list(events), measured, over, today=today, review_days=1)


def rows(units):
    units = np.atleast_2d(units).astype(np.float32)
    return history(units, tuple(f"s{i:03d}" for i in range(len(units))))


def test_req_11_every_factor_is_one_where_nothing_is_known():
    for units in (np.zeros((2, 0)), np.zeros((2, 400)), np.full((2, 30), 5.0)):
        found = every(rows(units), date(2026, 3, 1)) if units.size else None
        if found is not None:
            FACTORS.check(found)
            ones = found.drop(columns=["sku", "why"])
            assert (ones == 1).all(axis=None)
            assert found["why"].tolist() == ["", ""]


def seasonal(seed=0, n=40, level=6.0):
    """Eighteen months whose coming fortnight was 1.5 times the month before it, a year ago."""
    rate = np.full((n, 540), level)
    rate[:, 540 - 364 : 540 - 364 + 14] *= 1.5
    return rows(np.random.default_rng(seed).poisson(rate))


def test_last_years_same_weeks_give_the_season_factor():
    found = factors.season_factor(seasonal(), ["a"] * 40, np.full(40, 14))
    assert np.median(found) == pytest.approx(1.5, abs=0.1)


def test_a_sku_without_thirteen_months_follows_its_category():
    past = seasonal()
    units = past.units.copy()
    units[0, :400] = 0
    found = factors.season_factor(rows(units), ["a"] * 40, np.full(40, 14))
    assert found[0] == pytest.approx(np.median(found), abs=0.05)
    assert (factors.season_factor(rows(units[:, 200:]), ["a"] * 40, np.full(40, 14)) == 1).all()


def test_a_single_slow_sku_hardly_moves_its_season():
    units = np.zeros(540)
    units[540 - 364 - 20] = units[540 - 364 + 3] = 1
    units[540 - 364 + 5] = 2
    assert factors.season_factor(rows(units), [""], TWO_WEEKS)[0] == pytest.approx(1, abs=0.15)


def test_last_years_festival_is_no_season():
    past = seasonal()
    sale = festival("双11", 540 - 364, 14)
    out = event_days([sale], past.skus, ["a"] * 40, FIRST, 540)
    found = factors.season_factor(past.with_events(out), ["a"] * 40, np.full(40, 14))
    assert found == pytest.approx(np.ones(40), abs=0.1)


def test_chance_makes_no_product_hot():
    rng = np.random.default_rng(3)
    for mean in (0.1, 1.0, 20.0):
        found = factors.hot_factor(rows(rng.poisson(mean, (500, 120))))
        assert (found == 1).mean() > 0.9
        assert np.abs(found - 1).mean() < 0.02


def test_a_product_that_doubles_is_hot_and_one_that_halves_is_cold():
    rate = np.full((3, 120), 12.0)
    rate[1, -7:], rate[2, -7:] = 30, 4
    calm, hot, cold = factors.hot_factor(rows(np.random.default_rng(1).poisson(rate)))
    assert calm == pytest.approx(1, abs=0.1)
    assert 1.4 < hot <= 2
    assert 0.7 <= cold < 0.8


def test_days_of_a_campaign_make_no_product_hot():
    units = np.full((1, 120), 10.0)
    units[0, -7:] = 60
    past, sale = rows(units), festival("店庆", 113, 7)
    out = event_days([sale], past.skus, [""], FIRST, 120)
    assert factors.hot_factor(past)[0] == 2
    assert factors.hot_factor(past.with_events(out))[0] == 1


@pytest.mark.parametrize(("ends", "holds"), [("2026-03-01", True), ("2026-02-28", False)])
def test_a_market_trend_holds_to_its_last_day_and_then_expires(ends, holds):
    over = override(trend=1.3, trend_until=pd.Timestamp(ends))
    found = every(rows(np.full((2, 60), 5.0)), date(2026, 3, 1), overrides=over)
    assert found["trend_factor"].tolist() == ([1.3, 1.0] if holds else [1.0, 1.0])
    assert (("市场趋势（至 2026-03-01） ×1.30" in found["why"][0]), found["why"][1]) == (holds, "")


def test_a_market_trend_without_a_last_day_does_not_hold():
    found = every(rows(np.full((1, 60), 5.0)), date(2026, 3, 1), overrides=override(trend=2.0))
    assert found["trend_factor"].tolist() == [1.0]


def test_req_18_a_campaign_counts_by_its_share_of_the_protection_interval():
    sale = [festival("双11", 120, 14), festival("双11", 485, 14), festival("双11", 730, 4)]
    made, groups = shop(1, n=40, events=[(e, 3.0) for e in sale[:2]], categories=1)
    measured = measure(made, sale, groups)
    found = every(made, FIRST + timedelta(days=728), sale, measured, lead_time_days=7.0,
                  category="c0")  # fmt: skip
    assert found["campaign_factor"].median() == pytest.approx((4 * 1 + 4 * 3) / 8, rel=0.1)
    assert "活动 双11 ×" in found["why"].iloc[0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([3, 30, 100, 400, 500]), st.floats(0, 60))
def test_every_factor_is_finite_and_bounded_whatever_was_sold(seed, days, lead):
    rng = np.random.default_rng(seed)
    units = rng.poisson(rng.choice([0, 0.05, 3, 4000], (4, 1)), (4, days))
    units[rng.random((4, days)) < 0.02] *= 1000
    found = every(rows(units), date(2026, 3, 1), [festival("x", 0, 900, factor=50)],
                  lead_time_days=lead)  # fmt: skip
    bounds = {"season_factor": factors.SEASON, "hot_factor": factors.HOT,
              "trend_factor": factors.TREND, "campaign_factor": (0.1, 50)}  # fmt: skip
    for column, (low, high) in bounds.items():
        assert found[column].between(low, high).all()
