"""statsmodels for the SKUs that carry the money: known answers, limits, and series gone wrong."""

import itertools

import numpy as np
import pytest

from stockbook import classic

# Box & Jenkins (1976), series G: international airline passengers, thousands a month, 1949-1960
AIRLINE = [
    112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118,
    115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140,
    145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166,
    171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194,
    196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201,
    204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229,
    242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278,
    284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306,
    315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336,
    340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337,
    360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405,
    417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432,
]  # fmt: skip
WEEKLY = np.array([8, 9, 10, 11, 14, 22, 20], float)


def selling(days=200, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    return rng.poisson(np.resize(WEEKLY, days) * scale).astype(float)


# The airline model of Box & Jenkins, ch. 9.2; with statsmodels' exact likelihood
def test_the_airline_model_has_its_published_coefficients():
    found = classic.fit_arima(np.log(AIRLINE), (0, 1, 1), (0, 1, 1, 12)).coefficients
    assert found["ma.L1"] == pytest.approx(-0.4019, abs=1e-3)
    assert found["ma.S.L12"] == pytest.approx(-0.5571, abs=1e-3)


@pytest.mark.parametrize("model", ["ets", "sarimax"])
def test_the_weekly_pattern_comes_back(model):
    found = classic.forecast_many(selling()[None], 14, model=model, seconds=60)
    expected = np.resize(np.roll(WEEKLY, -(200 % 7)), 14)
    assert found.failed == ()
    assert np.abs(found.mean[0] - expected).mean() < 2
    assert found.mean[0].sum() == pytest.approx(expected.sum(), rel=0.08)


@pytest.mark.parametrize("model", ["ets", "sarimax"])
def test_unknown_days_do_not_pull_the_forecast_down(model):
    series = selling(scale=5)
    series[:20] = series[90:97] = series[-9:-3] = np.nan
    found = classic.forecast_many(series[None], 7, model=model, seconds=60)
    assert found.failed == ()
    assert found.mean.sum() == pytest.approx(5 * WEEKLY.sum(), rel=0.08)


@pytest.mark.parametrize("model", ["ets", "sarimax"])
def test_the_spread_of_the_sum_is_about_what_it_is(model):
    rows = np.stack([selling(98, seed) for seed in range(8)])
    past, future = rows[:, :-14], rows[:, -14:].sum(1)
    found = classic.forecast_many(past, 14, model=model, seconds=120)
    errors = (future - found.mean.sum(1)) / found.sd_of_sum
    assert 0.4 < np.sqrt((errors**2).mean()) < 1.8


@pytest.mark.parametrize("model", ["ets", "sarimax"])
def test_bad_series_fail_alone_and_constant_ones_need_no_model(model):
    days = 60
    rows = np.full((7, days), np.nan)
    rows[0] = selling(days)
    rows[1] = 0
    rows[2] = 4
    rows[3, -3:] = (1, 2, 6)
    rows[5] = selling(days)
    rows[5, 30] = np.inf
    rows[6] = selling(days, 1)
    found = classic.forecast_many(rows, 5, model=model, seconds=60)
    assert [row for row, _ in found.failed] == [3, 4, 5]
    assert "只有 3 天有数据，至少要 14 天" in dict(found.failed)[3]
    assert found.mean[[1, 2, 3, 4]].tolist() == [[0] * 5, [4] * 5, [3] * 5, [0] * 5]
    assert (found.sd_of_sum[[1, 2]] == 0).all()
    assert np.isfinite(found.mean).all()
    assert np.isfinite(found.sd_of_sum).all()
    alone = classic.forecast_many(rows[6:], 5, model=model, seconds=60)
    assert found.mean[6].tolist() == alone.mean[0].tolist()


def test_what_is_not_reached_in_time_is_named_and_gets_the_plain_mean():
    rows = np.stack([selling(80, seed) for seed in range(4)])
    ticks = itertools.count()
    found = classic.forecast_many(rows, 3, model="ets", seconds=2.5, clock=lambda: next(ticks))
    assert [row for row, _ in found.failed] == [2, 3]
    assert "时间到了" in found.failed[0][1]
    assert found.mean[3, 0] == pytest.approx(rows[3, -28:].mean())


@pytest.mark.parametrize("model", ["ets", "sarimax"])
def test_no_day_is_forecast_beyond_a_multiple_of_the_largest_seen(model):
    growing = np.round(np.exp(np.arange(60) / 8))
    found = classic.forecast_many(growing[None], 90, model=model, seconds=60)
    assert (found.mean >= 0).all()
    assert found.mean.max() <= 3 * growing.max()
    dying = np.maximum(60 - 2.0 * np.arange(40), 0) + selling(40) * 0.01
    assert (classic.forecast_many(dying[None], 60, model=model, seconds=60).mean >= 0).all()


def test_a_library_that_breaks_on_one_series_is_told_not_raised(monkeypatch):
    def broken(series, horizon):
        raise np.linalg.LinAlgError("singular matrix")

    monkeypatch.setattr(classic, "_ets", broken)
    found = classic.forecast_many(selling(60)[None], 3, model="ets", seconds=9)
    assert found.failed == ((0, "模型算不出来：singular matrix"),)
    assert np.isfinite(found.mean).all()


def test_an_unknown_model_is_refused():
    with pytest.raises(ValueError, match="model must be ets or sarimax"):
        classic.forecast_many(np.ones((1, 30)), 3, model="prophet", seconds=1)
    with pytest.raises(ValueError, match="expected a matrix"):
        classic.forecast_many(np.ones(30), 3, model="ets", seconds=1)


def test_the_covariance_of_a_random_walk_with_noise_is_the_textbooks():
    rng = np.random.default_rng(5)
    walk = rng.normal(size=300).cumsum() + 3 * rng.normal(size=300)
    found = classic.fit_arima(walk, (0, 1, 1), (0, 0, 0, 0))
    theta, variance = found.coefficients["ma.L1"], found.coefficients["sigma2"]
    covariance = classic._state_covariance(found.result, 5)
    response = np.array([1, *[1 + theta] * 4])  # of each later day to one error
    shocks = np.array([[response[i - j] if i >= j else 0 for j in range(5)] for i in range(5)])
    assert covariance == pytest.approx(variance * shocks @ shocks.T, rel=1e-3)
