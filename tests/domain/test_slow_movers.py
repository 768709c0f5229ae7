"""A SKU that sells now and then is never planned at nothing while it lives."""

import numpy as np
import pytest

from stockbook.domain.kernels import Days
from stockbook.domain.prediction import predict
from stockbook.domain.slow_movers import least_rates


def spare_parts(n=200, days=500, seed=6):
    dice = np.random.default_rng(seed)
    share = dice.uniform(0.01, 0.06, (n, 1))
    return (dice.random((n, days)) < share) * dice.geometric(0.6, (n, days)).astype(float)


def test_a_live_slow_mover_has_a_forecast_and_quantiles_above_nothing():
    sold = spare_parts()
    horizon = np.full(len(sold), 14)
    found = predict(sold, horizon)
    lives = least_rates(Days.of(sold), [sold.shape[1]])[0] > 0
    high = found.covering(horizon.astype(float), np.full(len(sold), 0.98), np.zeros(len(sold)))
    assert lives.sum() > 150
    assert (found.total[lives] > 0).all()
    assert (high[lives] > 0).all()
    assert (found.week.sum(0)[lives] > 0).all()


def test_one_that_stopped_is_let_go():
    sold = np.zeros((1, 400))
    sold[0, :200:20] = 3
    silent = [least_rates(Days.of(sold), [day])[0, 0] for day in (181, 240, 330, 400)]
    assert silent[0] > silent[1] > 0
    assert silent[-1] == 0


def test_what_sells_every_day_is_left_as_it_is(monkeypatch):
    sold = np.random.default_rng(1).poisson(6, (30, 200)).astype(float)
    horizon = np.full(30, 14)
    before = predict(sold, horizon)
    monkeypatch.setattr("stockbook.domain.slow_movers.SHARE", 0.9)
    after = predict(sold, horizon)
    np.testing.assert_array_equal(before.total, after.total)
    np.testing.assert_array_equal(before.week, after.week)


@pytest.mark.parametrize("times", [3, 1000])
def test_it_scales_with_the_units(times):
    days = Days.of(spare_parts(20))
    small = least_rates(days, [200, 500])
    large = least_rates(Days(days.units * times, days.known), [200, 500])
    np.testing.assert_allclose(large, small * times, rtol=1e-5)
