"""Each kernel against statsmodels at fixed parameters, and what a kernel must never do."""

import numpy as np
import pytest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.holtwinters import SimpleExpSmoothing

from stockbook.domain import kernels, kernels_intermittent
from stockbook.domain.backtest import naive_totals, origins_for, windows_of
from stockbook.domain.kernels import Days
from stockbook.domain.spikes import restored, tamed

SERIES, DAYS = 200, 140


@pytest.fixture(scope="module")
def units():
    random = np.random.default_rng(7)
    mean = np.exp(random.normal(1, 1, (SERIES, 1)))
    week = 1 + 0.5 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
    return random.poisson(mean * week).astype(float)


def test_ses_equals_statsmodels_at_fixed_parameters(units):
    # statsmodels SimpleExpSmoothing, smoothing_level and initial level fixed
    start = units[:, :14].mean(1)
    for alpha in (0.05, 0.2, 0.5):
        ours = kernels.ses(Days.of(units), [DAYS], (alpha,), start).rate[0, 0]
        theirs = [
            SimpleExpSmoothing(y, initialization_method="known", initial_level=level)
            .fit(smoothing_level=alpha, optimized=False)
            .forecast(1)[0]
            for y, level in zip(units, start, strict=True)
        ]
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_holt_winters_equals_statsmodels_at_fixed_parameters(units):
    # statsmodels ETSModel(error="add", seasonal="add"), all parameters and states fixed. (Its
    # ExponentialSmoothing forecasts the weekday of the last day without that day's own error.)
    level, season = units[:, :28].mean(1), np.zeros((7, SERIES))
    alpha, gamma = 0.15, 0.08
    track = kernels.holt_winters(Days.of(units), [DAYS], ((alpha, gamma),), (level, season))
    for row, y in enumerate(units):
        model = ETSModel(
            y, error="add", seasonal="add", seasonal_periods=7, initialization_method="known",
            initial_level=level[row], initial_seasonal=season[:, row],
        )  # fmt: skip
        theirs = model.smooth([alpha, gamma]).forecast(7)
        np.testing.assert_allclose(track.week()[:, row], np.maximum(theirs, 0), atol=1e-6)


def test_tsb_and_croston_are_statsmodels_smoothers_of_sizes_chances_and_intervals(units):
    # TSB: SES of the sizes of sales, and of "sold" every day; Croston-SBA: of sizes and intervals
    random = np.random.default_rng(1)
    rare = np.where(random.random(units.shape) < 0.3, units + 1, 0)
    late = np.concatenate(
        [np.tile([1.0, 2.0], 60), np.zeros(0)]
    )  # gains 1/k are past after k > 1/a
    assert late.size
    alpha, beta = 0.1, 0.05
    ours = kernels_intermittent.tsb(Days.of(rare), [DAYS], (alpha,), (beta,)).rate[0, 0]
    sba = kernels_intermittent.croston_sba(Days.of(rare), [DAYS], alpha).rate[0, 0]
    for row, y in enumerate(rare):
        sizes, days = y[y > 0], np.flatnonzero(y > 0)
        size = smoothed(sizes, alpha)
        chance = smoothed((y > 0).astype(float), beta)
        assert ours[row] == pytest.approx(size * chance, abs=1e-6)
        gap = smoothed(np.diff(days, prepend=-1).astype(float), alpha)
        assert sba[row] == pytest.approx((1 - alpha / 2) * size / gap, abs=1e-6)


def smoothed(y, alpha):
    """Statsmodels' SES after a plain mean of the first 1/alpha values, as the kernels begin."""
    begin = min(len(y), round(1 / alpha))
    mean = y[:begin].mean()
    if begin == len(y):
        return mean
    model = SimpleExpSmoothing(y[begin:], initialization_method="known", initial_level=mean)
    return model.fit(smoothing_level=alpha, optimized=False).forecast(1)[0]


def every_track(days, origins):
    return {
        "wma": kernels.moving_average(days, origins),
        "ses": kernels.ses(days, origins),
        "dow_ses": kernels.dow_ses(days, origins),
        "hw": kernels.holt_winters(days, origins),
        "croston": kernels_intermittent.croston_sba(days, origins),
        "tsb": kernels_intermittent.tsb(days, origins),
    }


def test_what_comes_later_changes_no_forecast_made_before(units):
    changed = units.copy()
    changed[:, 100:] = 1000 - changed[:, 100:]
    before = every_track(Days.of(units), [70, 100])
    after = every_track(Days.of(changed), [70, 100])
    for name, track in before.items():
        np.testing.assert_array_equal(track.rate, after[name].rate, err_msg=name)


def test_many_origins_in_one_pass_equal_one_pass_each(units):
    together = every_track(Days.of(units), [60, 95, DAYS])
    for k, origin in enumerate((60, 95, DAYS)):
        alone = every_track(Days.of(units[:, :origin]), [origin])
        for name, track in alone.items():
            np.testing.assert_allclose(together[name].rate[k], track.rate[0], err_msg=name)


def test_every_kernel_scales_with_its_series(units):
    twice = every_track(Days.of(units * 8), [DAYS])
    for name, track in every_track(Days.of(units), [DAYS]).items():
        np.testing.assert_allclose(twice[name].rate, 8 * track.rate, rtol=1e-6, err_msg=name)


def test_days_that_say_nothing_carry_the_state_over(units):
    holes = units.copy()
    holes[:, 60:80] = np.nan
    closed = np.delete(units, np.s_[60:80], axis=1)
    for alpha in (0.1, 0.3):
        ours = kernels.ses(Days.of(holes), [DAYS], (alpha,)).rate
        np.testing.assert_allclose(ours, kernels.ses(Days.of(closed), [DAYS - 20], (alpha,)).rate)


def test_a_single_large_sale_hardly_moves_the_level_and_is_given_back_as_a_share():
    calm = np.full((1, 200), 2.0)
    wild = calm.copy()
    wild[0, 150] = 2000
    days = Days.of(wild)
    tame = tamed(days)
    assert tame.units[150, 0] == 10  # five times the usual sale
    assert kernels.ses(tame, [200]).rate[0, 0, 0] < 2.7
    assert restored(days, tame, [200])[0, 0] == pytest.approx(
        wild.sum() / tame.units.sum(), rel=0.01
    )


def test_a_last_week_of_which_nothing_is_known_is_no_plan_of_nothing():
    units = np.full((1, 70), 10.0)
    units[0, -7:] = np.nan
    assert naive_totals(Days.of(units), (70,), np.array([14]))[0, 0] == 140


def test_origins_stand_a_week_apart_and_windows_that_have_not_ended_do_not_count():
    days, horizon = Days.of(np.ones((1, 100))), np.array([14])
    origins = origins_for(100)
    assert set(np.diff(origins)) == {7}
    ended = np.array(origins[:-1]) + 14 <= 100
    assert ((windows_of(days, origins, horizon).share[:, 0] > 0) <= ended).all()
