"""The machine-learning tier: one LightGBM model over all SKUs, for shops with many and promotions.

It learns what the next days brought beyond the plain mean, on origins that all lie in the past, and
forecasts the sum over a horizon at once. LightGBM is the optional extra `ml`; it is imported only
when it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from stockbook.domain.language import say
from stockbook.domain.problems import StockBookError

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
WINDOWS = (7, 14, 28, 56)  # [days] of the rolling means and the shares of days without a sale
BASE_WINDOW = 28
YEAR = 364  # [days] back to the same weekday of last year
STRIDE = 7  # [days] between two origins that are learned from
MOST_ROWS = 400_000  # examples learned from; beyond it origins lie further apart
LEAST_ROWS = 40  # examples below which there is nothing to learn
LEAST_BASE = 0.01  # units a day: no logarithm of zero
BOUND = 3.0  # no sum above this multiple of as many of the SKU's best days
ROUNDS = 150
PARAMETERS = {
    "objective": "tweedie",
    "tweedie_variance_power": 1.3,
    "learning_rate": 0.05,
    "num_leaves": 31,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


class LearnedMissing(StockBookError):  # noqa: N818 - reads as what happened
    """LightGBM is not there; the message says how to get it or do without."""


@dataclass(frozen=True)
class Ahead:
    """What is known beside the units, and known in advance for the days to come.

    Attributes:
        price: (n, T + horizon) price of the day ÷ the SKU's usual price; 1.0 is no discount.
        events: (n, T + horizon) kind of event of the day, 0 is none.
        category: (n,) code of the SKU's category.
        first_day: The day of column 0; without it there is no season.
    """

    price: Matrix | None = None
    events: npt.NDArray[np.int64] | None = None
    category: npt.NDArray[np.int64] | None = None
    first_day: date | None = None

    def kinds(self) -> tuple[int, ...]:
        """Kinds of events, without none."""
        if self.events is None:
            return ()
        return tuple(int(kind) for kind in np.unique(self.events) if kind)


def forecast_sum(
    units: npt.NDArray[Any],
    horizon: int,
    *,
    price: npt.ArrayLike | None = None,
    events: npt.ArrayLike | None = None,
    category: npt.ArrayLike | None = None,
    first_day: date | None = None,
    seed: int = 0,
    threads: int = 1,
) -> Floats:
    """Forecast what each SKU sells over the next days, together.

    Args:
        units: (n, T) units a day; NaN days say nothing (before the first sale, out of stock).
        horizon: Days ahead [days, ≥ 1].
        price: (n, T + horizon) price of the day ÷ usual price, with the plan for the days
            ahead; NaN where unknown.
        events: (T + horizon,) or (n, T + horizon) kind of event of each day, 0 is none.
        category: (n,) whole code of each SKU's category, below zero where unknown.
        first_day: The day of column 0, for the season of the year; it is left out where there
            are less than two years, since from one year it cannot be told from chance.
        seed: The same seed and data give the same forecast.
        threads: Processor threads; 0 is all. One is the default: it gives the same forecast on
            every computer, and more are slow wherever other programs use the cores.

    Returns:
        (n,) units over the horizon, finite and ≥ 0. Where the history is too short to learn
        from: the plain mean of the last 28 known days.

    Raises:
        LearnedMissing: LightGBM is not installed.
        ValueError: A shape is not as said.

    Formula:
        sum = exp(log(base * horizon) + f(features)), f a gradient-boosted tree model with the
        Tweedie deviance (power 1.3), base = mean of the last 28 known days

    Source:
        Ke et al. (2017), LightGBM, NeurIPS 30; Makridakis, Spiliotis & Assimakopoulos (2022),
        The M5 accuracy competition, Int. J. of Forecasting 38(4) (global models, Tweedie).

    Example:
        >>> forecast_sum(np.full((2, 10), 3.0), 4).tolist()  # nothing to learn from yet
        [12.0, 12.0]
    """
    lightgbm = _lightgbm()
    sold = np.asarray(units, np.float32)
    season = first_day if sold.shape[-1] >= 2 * YEAR else None
    ahead = _checked(sold.shape, horizon, price=price, events=events, category=category,
                     first_day=season)  # fmt: skip
    days = sold.shape[1]
    origins = _origins(sold, horizon)
    examples = [_examples(sold, origin, horizon, ahead) for origin in origins]
    learned = np.concatenate([e.weight for e in examples]) if examples else np.zeros(0)
    now = base(sold, days) * horizon
    if int((learned > 0).sum()) < LEAST_ROWS:
        return _bounded(now, sold, horizon)
    booster = lightgbm.train(
        PARAMETERS | {"seed": seed, "num_threads": threads, "min_data_in_leaf": _leaf(learned)},
        _dataset(lightgbm, examples, ahead),
        num_boost_round=ROUNDS,
    )
    raw = booster.predict(features(sold, days, horizon, ahead), raw_score=True)
    return _bounded(now * np.exp(np.clip(raw, -5, 5)), sold, horizon)


def base(units: Matrix, origin: int) -> Floats:
    """Return the plain mean that the model corrects, from the days before the origin.

    Args:
        units: (n, T) units a day, NaN where nothing is known.
        origin: Column of the first day that is not known yet.

    Returns:
        (n,) units a day, above zero where anything was ever sold: at least a quarter of the
        mean of all days.

    Example:
        >>> base(np.array([[4.0] * 28 + [0.0] * 28], np.float32), 56).tolist()
        [0.5]
    """
    recent, ever = _mean(units[:, max(origin - BASE_WINDOW, 0) : origin]), _mean(units[:, :origin])
    return np.asarray(np.maximum(np.nan_to_num(recent), np.nan_to_num(ever) / 4), np.float64)


def features(units: Matrix, origin: int, horizon: int, ahead: Ahead) -> Matrix:
    """Return what the model sees of each SKU at an origin.

    Of `units` only the days before the origin are read; of price and events also the
    horizon's, which are known in advance.

    Args:
        units: (n, T) units a day, NaN where nothing is known.
        origin: Column of the first day that is not known yet.
        horizon: Days ahead [days].
        ahead: Price, events, category, calendar.

    Returns:
        (n, k): log of the base; rolling means ÷ base and shares of zero days over 7, 14, 28
        and 56 days; days since the last sale; weekday profile over the horizon; last year's
        same days ÷ the days before them; season of the year; price; events; category.
    """
    past = units[:, :origin]
    floor = np.maximum(base(units, origin), LEAST_BASE)
    columns = [np.log(floor)]
    for window in WINDOWS:
        columns += [_mean(past[:, -window:]) / floor, _zero_share(past[:, -window:])]
    columns += [_days_since_sale(past), _weekday_lift(past, horizon)]
    columns += [_last_year(past, horizon), *_season(len(units), origin, horizon, ahead)]
    columns += [*_prices(origin, horizon, ahead), *_event_days(origin, horizon, ahead)]
    if ahead.category is not None:
        columns.append(ahead.category)
    return np.stack([np.asarray(c, np.float32) for c in columns], axis=1)


@dataclass(frozen=True)
class _Examples:
    """What was seen at one origin, what came, and how much of it is known (0 is nothing)."""

    seen: Matrix
    came: Floats
    offset: Floats
    weight: Floats


def _examples(units: Matrix, origin: int, horizon: int, ahead: Ahead) -> _Examples:
    target = units[:, origin : origin + horizon]
    known = (~np.isnan(target)).mean(1)
    began = (~np.isnan(units[:, :origin])).any(1)
    plain = base(units, origin)
    useful = (known >= 0.5) & began & (plain > 0)  # noqa: PLR2004 - half the days or more
    return _Examples(
        features(units, origin, horizon, ahead),
        np.nan_to_num(_mean(target)) * horizon,
        np.log(np.maximum(plain, LEAST_BASE) * horizon),
        np.where(useful, known, 0.0),
    )


def _dataset(lightgbm: Any, examples: list[_Examples], ahead: Ahead) -> Any:
    weight = np.concatenate([e.weight for e in examples])
    rows = weight > 0
    seen = np.concatenate([e.seen for e in examples])[rows]
    return lightgbm.Dataset(
        seen,
        np.concatenate([e.came for e in examples])[rows],
        weight=weight[rows],
        init_score=np.concatenate([e.offset for e in examples])[rows],
        categorical_feature=[] if ahead.category is None else [seen.shape[1] - 1],
    )


def _origins(units: Matrix, horizon: int) -> list[int]:
    """Origins to learn from, newest first: their horizons have all passed."""
    n, days = units.shape
    newest, oldest = days - horizon, max(BASE_WINDOW, STRIDE)
    most = max(MOST_ROWS // max(n, 1), 1)
    span = max(newest - oldest, 0)
    stride = max(STRIDE, -(-span // most))
    return list(range(newest, oldest - 1, -stride))


def _leaf(weight: Floats) -> int:
    """Examples that a leaf needs: few where there are few."""
    return int(np.clip((weight > 0).sum() // 100, 5, 60))


def _bounded(total: Floats, units: Matrix, horizon: int) -> Floats:
    most = BOUND * horizon * np.nan_to_num(units).max(1, initial=0).astype(np.float64)
    return np.clip(np.nan_to_num(total), 0, most)


def _checked(
    shape: tuple[int, ...],
    horizon: int,
    *,
    price: npt.ArrayLike | None,
    events: npt.ArrayLike | None,
    category: npt.ArrayLike | None,
    first_day: date | None,
) -> Ahead:
    if len(shape) != 2 or horizon < 1:  # noqa: PLR2004 - SKUs by days
        raise ValueError(f"expected a matrix and a horizon >= 1, got {shape}, {horizon}")
    n, days = shape[0], shape[1] + horizon
    prices = None if price is None else np.asarray(price, np.float32)
    codes = None if category is None else np.asarray(category, np.int64)
    kinds = None if events is None else np.asarray(events, np.int64)
    if kinds is not None and kinds.ndim == 1:
        kinds = np.broadcast_to(kinds, (n, len(kinds)))
    for name, found, expected in (
        ("price", prices, (n, days)), ("events", kinds, (n, days)), ("category", codes, (n,))
    ):  # fmt: skip
        if found is not None and found.shape != expected:
            raise ValueError(f"{name} must have the shape {expected}, got {found.shape}")
    return Ahead(prices, kinds, codes, first_day)


def _lightgbm() -> Any:
    try:
        import lightgbm  # noqa: PLC0415 - an optional extra
    except (ImportError, OSError) as error:  # OSError: its library lacks OpenMP
        raise LearnedMissing(
            say(
                f"机器学习预测要用 LightGBM，这台电脑上没有（{error}）。请运行 "
                'pip install "stockbook[ml]"，或者在 设置 里改用默认的预测方法。',
                f"The machine-learning forecast needs LightGBM, which is missing here ({error}). "
                'Run pip install "stockbook[ml]", or choose the default method in the settings.',
            )
        ) from error
    return lightgbm


# ---- one feature each; (n,) arrays


def _mean(units: Matrix) -> Floats:
    """Mean of the known days; NaN where none is known."""
    known = ~np.isnan(units)
    count = known.sum(1)
    total = np.where(known, units, 0).sum(1, dtype=np.float64)
    return _ratio(total, count, np.nan)


def _ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any], otherwise: float) -> Floats:
    """Part ÷ whole, and something else where there is no whole."""
    out = np.full(len(part), otherwise)
    return np.asarray(np.divide(part, whole, out=out, where=np.nan_to_num(whole) > 0))


def _zero_share(units: Matrix) -> Floats:
    return _mean(np.where(np.isnan(units), np.nan, units == 0).astype(np.float32))


def _days_since_sale(past: Matrix) -> Floats:
    sold = past[:, ::-1] > 0
    return (
        np.where(sold.any(1), sold.argmax(1), past.shape[1])
        if past.shape[1]
        else np.zeros(len(past))
    )


def _weekday_lift(past: Matrix, horizon: int) -> Floats:
    """Mean of the horizon's weekdays over the last eight weeks ÷ mean of all days."""
    recent = past[:, -max(WINDOWS) :]
    level = _mean(recent)
    lift = np.zeros(len(past))
    weekdays = np.bincount(np.arange(horizon) % 7, minlength=7) / horizon
    for ahead, share in enumerate(weekdays):
        phase = (recent.shape[1] + ahead) % 7
        day = _mean(recent[:, phase::7])
        lift += share * np.where(np.isnan(day), level, day)
    return _ratio(lift, level, 1.0)


def _last_year(past: Matrix, horizon: int) -> Floats:
    """What the same days brought last year ÷ the mean of the weeks before them."""
    then = past.shape[1] - YEAR
    if then < BASE_WINDOW:
        return np.full(len(past), np.nan)
    before = _mean(past[:, then - BASE_WINDOW : then])
    came = _mean(past[:, then : then + min(horizon, YEAR)])
    return _ratio(came, before, np.nan)


def _season(n: int, origin: int, horizon: int, ahead: Ahead) -> list[Floats]:
    """The middle of the horizon on the circle of the year."""
    if ahead.first_day is None:
        return []
    middle = ahead.first_day + timedelta(days=origin + horizon // 2)
    angle = 2 * np.pi * middle.timetuple().tm_yday / 365.25
    return [np.full(n, np.sin(angle)), np.full(n, np.cos(angle))]


def _prices(origin: int, horizon: int, ahead: Ahead) -> list[Floats]:
    """Mean and least price ratio of the horizon, mean of the days behind the base."""
    if ahead.price is None:
        return []
    coming = ahead.price[:, origin : origin + horizon]
    least = np.where(np.isnan(coming), np.inf, coming).min(1)
    return [
        _mean(coming),
        np.where(np.isfinite(least), least, np.nan),
        _mean(ahead.price[:, max(origin - BASE_WINDOW, 0) : origin]),
    ]


def _event_days(origin: int, horizon: int, ahead: Ahead) -> list[Floats]:
    """Of each kind: its share of the horizon, and of the days behind the base."""
    if ahead.events is None:
        return []
    coming = ahead.events[:, origin : origin + horizon]
    behind = ahead.events[:, max(origin - BASE_WINDOW, 0) : origin]
    return [(days == kind).mean(1) for kind in ahead.kinds() for days in (coming, behind)]
