"""The model over all SKUs: the same twice, never from the future, and better where it should be."""

import sys
from datetime import date

import numpy as np
import pytest

from stockbook import learned
from stockbook.domain.language import speak

DAYS, HORIZON = 240, 7


def shop(n=50, seed=0):
    """SKUs with promotions (kind 1) now and then that triple sales; the plan reaches ahead."""
    rng = np.random.default_rng(seed)
    events = np.zeros((n, DAYS + HORIZON), int)
    for row in events:
        for start in rng.integers(0, DAYS, 7):
            row[start : start + 4] = 1
        row[DAYS:] = 0
    events[::2, DAYS + 1 : DAYS + 5] = 1
    level = rng.gamma(2, 4, n) + 1
    demand = rng.poisson(level[:, None] * np.where(events == 1, 3, 1)).astype(float)
    return demand[:, :DAYS], demand[:, DAYS:].sum(1), events


def test_a_planned_promotion_is_foreseen_better_than_by_the_mean_of_28_days():
    units, came, events = shop()
    found = learned.forecast_sum(units, HORIZON, events=events)
    plain = units[:, -28:].mean(1) * HORIZON
    assert np.abs(found - came).sum() < 0.5 * np.abs(plain - came).sum()


def test_a_planned_price_cut_is_foreseen_as_well():
    units, came, events = shop()
    price = np.where(events == 1, 0.7, 1.0)
    found = learned.forecast_sum(units, HORIZON, price=price)
    plain = units[:, -28:].mean(1) * HORIZON
    assert np.abs(found - came).sum() < 0.5 * np.abs(plain - came).sum()


def test_the_same_data_and_seed_give_the_same_forecast():
    units, _, events = shop(30)
    category = np.arange(30) % 3
    terms = {"events": events, "category": category, "first_day": date(2026, 1, 1)}
    first = learned.forecast_sum(units, HORIZON, **terms)
    assert first.tolist() == learned.forecast_sum(units, HORIZON, **terms).tolist()
    assert first.shape == (30,)


def test_what_comes_after_the_origin_changes_no_feature():
    units, _, events = shop(20)
    ahead = learned.Ahead(
        price=np.ones(events.shape, np.float32), events=events, category=np.arange(20),
        first_day=date(2026, 1, 1),
    )  # fmt: skip
    changed = units.copy().astype(np.float32)
    changed[:, 150:] = 999
    before = learned.features(units.astype(np.float32), 150, HORIZON, ahead)
    assert np.array_equal(before, learned.features(changed, 150, HORIZON, ahead), equal_nan=True)
    later = ahead.events.copy()
    later[:, 150 + HORIZON :] = 0
    blind = learned.Ahead(ahead.price, later, ahead.category, ahead.first_day)
    after = learned.features(units.astype(np.float32), 150, HORIZON, blind)
    assert np.array_equal(before, after, equal_nan=True)


def test_every_example_learned_from_has_passed():
    for horizon in (1, 7, 30):
        origins = learned._origins(np.zeros((10, 200), np.float32), horizon)
        assert max(origins) + horizon == 200
        assert min(origins) >= learned.BASE_WINDOW


def test_large_shops_learn_from_fewer_origins():
    origins = learned._origins(np.empty((100_000, 365), np.float32), 14)
    assert len(origins) * 100_000 <= 2 * learned.MOST_ROWS


def test_odd_series_get_finite_forecasts():
    units, _, _ = shop(30)
    units[0] = np.nan
    units[1] = 0
    units[2, :-3] = np.nan
    units[3, -60:] = 0
    units[4, 50:90] = np.nan
    found = learned.forecast_sum(units, HORIZON)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert found[:2].tolist() == [0, 0]
    assert found[3] < units[3, :100].mean() * HORIZON / 2


def test_a_short_history_gets_the_plain_mean():
    assert learned.forecast_sum(np.ones((3, 20)), 14).tolist() == [14, 14, 14]
    assert learned.forecast_sum(np.ones((0, 100)), 14).tolist() == []
    assert learned.forecast_sum(np.full((2, 1), np.nan), 14).tolist() == [0, 0]


def test_without_lightgbm_both_languages_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(learned.LearnedMissing, match=r'请运行 pip install "stockbook\[ml\]"'):
        learned.forecast_sum(np.ones((3, 100)), 7)
    with speak("en"), pytest.raises(learned.LearnedMissing, match="needs LightGBM"):
        learned.forecast_sum(np.ones((3, 100)), 7)


def test_shapes_that_do_not_fit_are_refused():
    units = np.ones((3, 100))
    with pytest.raises(ValueError, match=r"price must have the shape \(3, 107\), got \(3, 100\)"):
        learned.forecast_sum(units, 7, price=units)
    with pytest.raises(ValueError, match=r"category must have the shape \(3,\)"):
        learned.forecast_sum(units, 7, category=[1, 2])
    with pytest.raises(ValueError, match="expected a matrix"):
        learned.forecast_sum(units[0], 7)
