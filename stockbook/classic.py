"""Time-series models of statsmodels for the few SKUs that carry the money.

One model per SKU costs tenths of a second, so there is a time limit; whatever is not reached, or
cannot be fitted, gets the plain mean and is named. statsmodels is imported only when it is used.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from stockbook.domain.language import say

Floats = npt.NDArray[np.float64]
Model = Literal["ets", "sarimax"]
Order = tuple[int, int, int]
Seasonal = tuple[int, int, int, int]
WEEK = 7
LEAST_DAYS = 2 * WEEK  # known days below which no model is fitted
LONGEST = 52 * WEEK  # days that a model looks at: older ones cost time and say little
PLAIN_WINDOW = 4 * WEEK
BOUND = 3.0  # no day is forecast above this multiple of the history's largest day
ETS_FORMS = ((False, True), (True, True), (False, False))  # (damped trend, weekly season)
SARIMA_FORMS: tuple[tuple[Order, Seasonal], ...] = (
    ((0, 1, 1), (0, 1, 1, WEEK)),
    ((1, 0, 1), (1, 0, 0, WEEK)),
)
SHIFT = 3 / 8  # Anscombe: with it the square root of counts has a spread that hardly changes


@dataclass(frozen=True)
class ClassicForecasts:
    """What n SKUs will sell.

    Attributes:
        mean: (n, horizon) units a day, finite and ≥ 0.
        sd_of_sum: (n,) standard deviation of the error of the whole horizon's sum [units].
        failed: (row, reason) of the rows that got the plain mean instead of a model, in order.
    """

    mean: Floats
    sd_of_sum: Floats
    failed: tuple[tuple[int, str], ...]


class Path(NamedTuple):
    """One series ahead: mean of each day (horizon,), covariance of the days' errors."""

    mean: Floats
    covariance: Floats


def forecast_many(
    units: npt.NDArray[Any],
    horizon: int,
    *,
    model: Model,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> ClassicForecasts:
    """Forecast each series with a model of its own, until the time is up.

    Args:
        units: (n, T) units a day, the most important SKU first; NaN days say nothing.
        horizon: Days ahead [days, ≥ 1].
        model: "ets" (additive error; weekly season and damped trend where they pay) or
            "sarimax" ((0,1,1)(0,1,1)7 or (1,0,1)(1,0,0)7), the form by AICc.
        seconds: Time for all [s]; it is looked at before each series, so that the last one
            may run over.
        clock: Seconds from anywhere.

    Returns:
        Finite forecasts for all rows. A constant series is its own forecast; a series with
        fewer than 14 known days, one that cannot be fitted and those not reached get the mean
        of their last 28 known days.

    Raises:
        ValueError: An unknown model, a horizon below 1, or `units` is no matrix.

    Formula:
        ETS: y_t = l_{t-1} + phi * b_{t-1} + s_{t-7} + e_t with l, b, s moved by alpha, beta,
        gamma times e_t. SARIMA: (1 - B)(1 - B**7) y_t = (1 + theta B)(1 + Theta B**7) e_t, or
        a stationary one around a mean. Both of x = sqrt(y + 3/8) with mean m and covariance C:
        mean = m**2 + C_ii - 3/8, sd_of_sum = sqrt(sum(4 m_i m_j C_ij + 2 C_ij**2))

    Source:
        Hyndman, Koehler, Ord & Snyder (2008), Forecasting with Exponential Smoothing, ch. 6;
        Box & Jenkins (1976), Time Series Analysis, ch. 9; Hyndman & Athanasopoulos,
        Forecasting: Principles and Practice, 3rd ed., ch. 8.6 and 9.8 (AICc).

    Example:
        >>> found = forecast_many(np.full((1, 30), 4.0), 3, model="ets", seconds=10)
        >>> found.mean.tolist(), found.sd_of_sum.tolist(), found.failed
        ([[4.0, 4.0, 4.0]], [0.0], ())
    """
    fits: dict[str, Callable[[Floats, int], Path]] = {"ets": _ets, "sarimax": _sarimax}
    if model not in fits:
        raise ValueError(f"model must be ets or sarimax, got {model!r}")
    rows = np.asarray(units, np.float64)
    if rows.ndim != 2 or horizon < 1:  # noqa: PLR2004 - SKUs by days
        raise ValueError(f"expected a matrix and a horizon >= 1, got {rows.shape}, {horizon}")
    end = clock() + seconds
    mean, sd = np.zeros((len(rows), horizon)), np.zeros(len(rows))
    failed = []
    for row, series in enumerate(rows):
        fit = fits[model] if clock() < end else _late
        path, reason = _one(series, horizon, fit)
        mean[row], sd[row] = _bounded(path, series)
        if reason:
            failed.append((row, reason))
    return ClassicForecasts(mean, sd, tuple(failed))


@contextmanager
def _fitting() -> Iterator[None]:
    """Without warnings (a form that fits badly loses by its AICc) and on one core.

    On matrices this small more threads only wait for each other: seven times slower.
    """
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        yield


def _on_roots(fit: Callable[[Floats, int], Path], series: Floats, horizon: int) -> Path:
    """Fit on the square root: the spread of sales grows with their level, that of roots hardly.

    A series with returns beyond its sales has no roots and is fitted as it is.
    """
    if np.nanmin(series) < 0:
        return fit(series, horizon)
    return _squared(fit(np.sqrt(series + SHIFT), horizon))


def _squared(path: Path) -> Path:
    """From the square root back to units: mean and covariance of the squares of normals."""
    root, c = np.maximum(path.mean, 0), path.covariance
    return Path(
        np.maximum(root**2 + np.diag(c) - SHIFT, 0), 4 * np.outer(root, root) * c + 2 * c**2
    )


class NotFittedError(ValueError):
    """No model for this series; the message says why."""


def _late(_series: Floats, _horizon: int) -> Path:
    raise NotFittedError(say("时间到了，还没轮到", "the time was up before its turn"))


def _one(series: Floats, horizon: int, fit: Callable[[Floats, int], Path]) -> tuple[Path, str]:
    """The model's path and "", or the plain one and the reason."""
    plain = _plain(series, horizon)
    known = series[~np.isnan(series)]
    if len(known) >= LEAST_DAYS and known.min() == known.max() and np.isfinite(known[0]):
        return plain, ""
    try:
        path = _on_roots(fit, _usable(series), horizon)
    except NotFittedError as error:
        return plain, str(error)
    except Exception as error:  # noqa: BLE001 - whatever a library does, one series fails alone
        return plain, say(f"模型算不出来：{error}", f"the model failed: {error}")
    if not (np.isfinite(path.mean).all() and np.isfinite(path.covariance).all()):
        return plain, say("模型的结果不是有限的数", "the model's answer is not finite")
    return path, ""


def _usable(series: Floats) -> Floats:
    """The last days from the first known one on, refused where nothing can be fitted."""
    if np.isinf(series).any():
        raise NotFittedError(say("销量里有无穷大", "there are infinite sales"))
    known = ~np.isnan(series)
    days = int(known.sum())
    if days < LEAST_DAYS:
        raise NotFittedError(
            say(
                f"只有 {days} 天有数据，至少要 {LEAST_DAYS} 天",
                f"{days} days are known, at least {LEAST_DAYS} are needed",
            )
        )
    recent = series[int(known.argmax()) :][-LONGEST:]
    if int((~np.isnan(recent)).sum()) < LEAST_DAYS:
        raise NotFittedError(say("最近一年几乎没有数据", "hardly a day of the last year is known"))
    return recent


def _plain(series: Floats, horizon: int) -> Path:
    """The mean of the last known days, every day; independent errors."""
    known = series[np.isfinite(series)][-PLAIN_WINDOW:]
    mean, variance = (known.mean(), known.var()) if len(known) else (0.0, 0.0)
    return Path(np.full(horizon, mean), np.eye(horizon) * variance)


def _bounded(path: Path, series: Floats) -> tuple[Floats, float]:
    """Mean within 0 and a multiple of the largest day seen; spread of the sum likewise."""
    seen = series[np.isfinite(series)]
    most = BOUND * max(float(seen.max()), 0.0) if len(seen) else 0.0
    sd = float(np.sqrt(max(path.covariance.sum(), 0.0)))
    return np.clip(path.mean, 0, most), min(sd, most * len(path.mean))


# ---- exponential smoothing


def _ets(series: Floats, horizon: int) -> Path:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # noqa: PLC0415 - slow to load

    filled = weekday_filled(series)
    fitted = []
    with _fitting():
        for damped, weekly in ETS_FORMS:
            if weekly and len(filled) < 4 * WEEK:
                continue
            model = ETSModel(
                filled, error="add", trend="add" if damped else None, damped_trend=damped,
                seasonal="add" if weekly else None, seasonal_periods=WEEK if weekly else None,
            )  # fmt: skip
            result = model.fit(disp=False, maxiter=200)
            fitted.append((result.aicc, damped, weekly, result))
        _, damped, weekly, best = min(fitted, key=lambda found: found[0])
        mean = np.asarray(best.forecast(horizon))
    return Path(mean, _ets_covariance(best, horizon, damped=damped, weekly=weekly))


def _ets_covariance(result: Any, horizon: int, *, damped: bool, weekly: bool) -> Floats:
    """Covariance of the days ahead, from what one error does to each later day."""
    later = np.arange(1, horizon)
    weight = np.full(horizon - 1, float(result.smoothing_level))
    if damped:
        weight += result.smoothing_trend * np.cumsum(result.damping_trend ** later.astype(float))
    if weekly:
        weight += result.smoothing_seasonal * (later % WEEK == 0)
    response = np.concatenate([[1.0], weight])
    shocks = np.zeros((horizon, horizon))  # row: day ahead, column: day of the error
    for day in range(horizon):
        shocks[day:, day] = response[: horizon - day]
    variance = result.sse / max(result.nobs - result.df_model, 1)
    return np.asarray(variance * shocks @ shocks.T)


def weekday_filled(series: Floats) -> Floats:
    """Return a series in which unknown days lie between the nearest same weekdays.

    Args:
        series: (T,) units a day, NaN where nothing is known; one day at least is.

    Returns:
        (T,) without NaN; beyond the first and last known day of a weekday its value goes on.

    Example:
        >>> week = [1.0, 2, 3, 4, 5, 6, 7]
        >>> weekday_filled(np.array([*week, np.nan, *week[1:], 3.0]))[7].item()
        2.0
    """
    filled = series.copy()
    for phase in range(min(WEEK, len(series))):
        days = series[phase::WEEK]
        known = ~np.isnan(days)
        at = np.arange(len(days))
        same = np.interp(at, at[known], days[known]) if known.any() else np.nanmean(series)
        filled[phase::WEEK] = same
    return filled


# ---- SARIMA


class Arima(NamedTuple):
    """A fitted model: its coefficients by name (`ma.L1`, `ma.S.L7` …) and its results."""

    coefficients: dict[str, float]
    result: Any


def fit_arima(series: npt.ArrayLike, order: Order, seasonal: Seasonal) -> Arima:
    """Fit one SARIMA model by maximum likelihood; unknown values are left out exactly.

    Args:
        series: (T,) values, NaN where unknown.
        order: (p, d, q).
        seasonal: (P, D, Q, season length).

    Returns:
        The coefficients and statsmodels' results; a model that is not differenced has a mean.

    Formula:
        phi(B) Phi(B**m) (1 - B)**d (1 - B**m)**D y_t = theta(B) Theta(B**m) e_t, with plus
        signs in theta (so that Box & Jenkins' theta = 0.4 is -0.4 here)

    Source:
        Box & Jenkins (1976), Time Series Analysis: Forecasting and Control, ch. 9;
        Durbin & Koopman (2012), Time Series Analysis by State Space Methods, ch. 4.10
        (missing values).

    Example:
        >>> rng = np.random.default_rng(1)
        >>> found = fit_arima(rng.normal(size=80).cumsum(), (0, 1, 1), (0, 0, 0, 0))
        >>> sorted(found.coefficients)
        ['ma.L1', 'sigma2']
    """
    from statsmodels.tsa.statespace.sarimax import SARIMAX  # noqa: PLC0415 - slow to load

    differenced = order[1] + seasonal[1]
    with _fitting():
        model = SARIMAX(
            np.asarray(series, np.float64), order=order, seasonal_order=seasonal,
            trend=None if differenced else "c",
        )  # fmt: skip
        result = model.fit(disp=False, maxiter=100)
    names = dict(zip(result.model.param_names, result.params, strict=True))
    return Arima({name: float(value) for name, value in names.items()}, result)


def _sarimax(series: Floats, horizon: int) -> Path:
    fits = [fit_arima(series, *form).result for form in SARIMA_FORMS]
    burn = max(int(fit.loglikelihood_burn) for fit in fits)
    best = min(fits, key=lambda fit: _aicc(fit, burn, series))
    return Path(np.asarray(best.forecast(horizon)), _state_covariance(best, horizon))


def _aicc(result: Any, burn: int, values: Floats) -> float:
    """AICc over the days that all forms explain: differencing leaves out the first ones."""
    days, k = int((~np.isnan(values[burn:])).sum()), len(result.params)
    penalty = 2 * k + 2 * k * (k + 1) / max(days - k - 1, 1)
    return float(penalty - 2 * np.asarray(result.llf_obs)[burn:].sum())


def _state_covariance(result: Any, horizon: int) -> Floats:
    """Covariance of the days ahead, exact for the state-space model."""
    space = result.filter_results
    move, read = space.transition[..., -1], space.design[..., -1]
    choose = space.selection[..., -1]
    noise = choose @ space.state_cov[..., -1] @ choose.T
    state = space.predicted_state_cov[..., -1]
    covariance = np.zeros((horizon, horizon))
    for day in range(horizon):
        seen = state @ read.T  # of the state with this day's value
        for later in range(day, horizon):
            covariance[day, later] = covariance[later, day] = (read @ seen).item()
            seen = move @ seen
        state = move @ state @ move.T + noise
    return covariance
