"""How much more is asked on event days: measured on what was sold, pooled, with its uncertainty.

Units on event days are compared with the baseline, which is smoothed over the days around them.
The mean itself is log-linear in what the event is and in the price, so days without a sale count
as they are and nothing is lost in going back from logarithms. SKUs of a category differ among
themselves, and categories among the shop: each is drawn towards what it is part of, the more so
the less it has sold (empirical Bayes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockbook.domain.baseline import Array, Places
from stockbook.domain.demand import DemandHistory
from stockbook.domain.event_cells import Cells, cells
from stockbook.domain.festivals import Event, EventKind, event_places
from stockbook.domain.tables import UPLIFT

Z90 = 1.6449  # half the normal's central 90 %
PSEUDO = 0.5  # [units] asked and expected that keep an event without a sale finite
LEAST_EXPECTED = 5.0  # [units] of baseline on event days, less measures nothing
LEAST_TYPES = 3  # event types of a kind that tell how much types differ
MOST = 50.0  # no uplift is believed beyond this


@dataclass(frozen=True)
class Measured:
    """What events did in the past.

    Attributes:
        table: Schema `UPLIFT`: one row an event type and category, an event type over the shop
            (category ""), and a kind of event (event_type "").
        types: The event types, in the order of `own`.
        own: (n, K) each SKU's uplift on days of a type, its own sales mixed with its category's.
        skus: The SKUs, in the order of `own`.
        elasticity: Change of log demand by log price ratio, as measured; 0 where no price is known.
    """

    table: pd.DataFrame
    types: tuple[str, ...] = ()
    own: Array | None = None
    skus: tuple[str, ...] = ()
    elasticity: float = 0.0

    @cached_property
    def factors(self) -> dict[str, float]:
        """Factor by id."""
        return dict(zip(self.table["id"], self.table["factor"], strict=True))

    def factor(self, event: Event, category: str) -> float:
        """Return an event's uplift in a category: entered, of its type, of its kind, or 1."""
        if event.factor == event.factor:
            return event.factor
        kind, name = event.kind.value, event.event_type
        ids = (uplift_id(kind, name, category), uplift_id(kind, name), uplift_id(kind))
        return next((self.factors[i] for i in ids if i in self.factors), 1.0)


def uplift_id(kind: str, event_type: str = "", category: str = "") -> str:
    """Return the key of a row of `UPLIFT`.

    Example:
        >>> uplift_id("festival", "618", "伞"), uplift_id("campaign")
        ('festival/618/伞', 'campaign//')
    """
    return f"{kind}/{event_type}/{category}"


NOTHING = Measured(UPLIFT.empty())


@dataclass(frozen=True)
class Fit:
    """One category's log-linear fit.

    Attributes:
        log_uplift, error: (K,) by type; NaN where nothing was measured.
        spread: Variance of the SKUs' uplifts around it, as a share of its square.
    """

    log_uplift: Array
    error: Array
    elasticity: float
    spread: float


def fit(found: Cells, types: int) -> Fit:
    """Fit one category's uplifts.

    Formula:
        E[y] = expected * exp(beta_type + elasticity * log price ratio);
        Var[y] = E + spread * E**2 (negative binomial: SKUs differ by a gamma of mean 1);
        spread from the Pearson residuals of the first fit

    Source:
        Cameron & Trivedi, Regression Analysis of Count Data, 2nd ed., ch. 3.3 (NB2, moments).

    Example:
        >>> two = np.array([0, 1]), np.array([0, 0]), np.zeros(2)
        >>> once = Cells(*two, np.array([300.0, 600.0]), np.array([100.0, 200.0]), np.full(2, 10.0))
        >>> round(float(np.exp(fit(once, 1).log_uplift[0])), 2)
        3.0
    """
    here = [k for k in range(types) if found.expected[found.kind == k].sum() >= LEAST_EXPECTED]
    used = np.isin(found.kind, [-1, *here])
    priced = bool(np.ptp(found.price[used]) > 0) if used.any() else False
    log_uplift, error = np.full(types, np.nan), np.full(types, np.nan)
    if not here and not priced:
        return Fit(log_uplift, error, 0.0, 0.0)
    dummies = (found.kind[used][:, None] == np.array(here)).astype(float)
    design = np.column_stack([dummies, *([found.price[used]] if priced else [])])
    pseudo = np.eye(len(here), design.shape[1])
    design = np.concatenate([design, pseudo])
    asked = np.append(found.asked[used], np.full(len(here), PSEUDO))
    expected = np.append(found.expected[used], np.full(len(here), PSEUDO))
    first = _glm(asked, design, expected, 0.0)
    spread = _spread(asked, first.fittedvalues, design.shape[1])
    last = _glm(asked, design, expected, spread) if spread else first
    log_uplift[here], error[here] = last.params[: len(here)], last.bse[: len(here)]
    return Fit(log_uplift, error, float(last.params[-1]) if priced else 0.0, spread)


def _glm(asked: Array, design: Array, expected: Array, spread: float):  # type: ignore[no-untyped-def]  # noqa: ANN202
    """A fitted model of statsmodels; its scale is 1, the spread being in the family."""
    # A second to import, so only where something is measured.
    from statsmodels.genmod import families  # noqa: PLC0415
    from statsmodels.genmod.generalized_linear_model import GLM  # noqa: PLC0415

    family = families.NegativeBinomial(alpha=spread) if spread else families.Poisson()
    return GLM(asked, design, family=family, offset=np.log(expected)).fit()


def _spread(asked: Array, mean: Array, used: int) -> float:
    """The spread at which the squared Pearson residuals sum to their degrees of freedom."""
    free, squares = max(len(asked) - used, 1), (asked - mean) ** 2

    def excess(spread: float) -> float:
        return float((squares / (mean + spread * mean**2)).sum()) - free

    low, high = 0.0, 4.0
    if excess(low) <= 0:
        return 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high


@dataclass(frozen=True)
class Pool:
    """What groups share: mean and its error, variance between them, and each drawn to the mean."""

    mean: float
    error: float
    between: float
    drawn: Array
    drawn_error: Array


def pooled(values: Array, errors: Array) -> Pool:
    """Draw noisy values towards their common mean; NaN ones become the mean.

    Formula:
        tau² = max(0, (Q − (m − 1)) / (Σw − Σw²/Σw)), w = 1/error², Q = Σ w (v − v̄)²;
        mean = Σ w* v / Σ w*, w* = 1/(error² + tau²); drawn = (v/error² + mean/tau²) / (1/error² +
        1/tau²)

    Source:
        DerSimonian & Laird (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7.

    Example:
        >>> apart = pooled(np.array([0.0, 1.0]), np.array([0.1, 0.1]))
        >>> round(apart.mean, 3), round(apart.between, 3), apart.drawn.round(2).tolist()
        (0.5, 0.49, [0.01, 0.99])
    """
    good = ~np.isnan(values)
    v, e = values[good], np.maximum(errors[good], 1e-6)
    w = 1 / e**2
    centre = (w * v).sum() / w.sum()
    freedom = w.sum() - (w**2).sum() / w.sum()
    q = float((w * (v - centre) ** 2).sum())
    between = max(0.0, float((q - (len(v) - 1)) / freedom)) if len(v) > 1 else 0.0
    w = 1 / (e**2 + between)
    mean, error = float((w * v).sum() / w.sum()), float(np.sqrt(1 / w.sum()))
    drawn, spread = np.full(len(values), mean), np.full(len(values), np.sqrt(error**2 + between))
    keep = between / (between + e**2)
    drawn[good] = keep * v + (1 - keep) * mean
    spread[good] = np.sqrt(keep * e**2 + ((1 - keep) * error) ** 2)
    return Pool(mean, error, between, drawn, spread)


def measure(
    history: DemandHistory,
    events: Sequence[Event],
    categories: Sequence[str],
    *,
    price_ratio: npt.NDArray[np.float32] | None = None,
) -> Measured:
    """Measure the uplift of every event type on what was sold.

    Closures are not measured. A SKU with fewer than `LEAST_BASELINE` ordinary days tells nothing.

    Args:
        categories: The SKUs' categories, in the history's order.
        price_ratio: (n, T) price ÷ usual price of the day, NaN where unknown.

    Returns:
        What was measured; `NOTHING` where no event fell on a day with a baseline.
    """
    events = [e for e in events if e.kind != EventKind.CLOSURE]
    if not events or not history.units.size:
        return NOTHING
    types = sorted({(e.kind.value, e.event_type) for e in events})
    type_of = np.array([types.index((e.kind.value, e.event_type)) for e in events] + [-1])
    days = history.units.shape[1]
    places = event_places(events, history.skus, categories, history.first_day, days)
    names = sorted(set(categories))
    group = np.array([names.index(c) for c in categories], np.int64)
    found = cells(history, places, type_of, group, price_ratio)
    fits = [fit(_of(found, group[found.sku] == g), len(types)) for g in range(len(names))]
    return _assembled(history, found, fits, (types, names, group))


def _of(found: Cells, mask: npt.NDArray[np.bool_]) -> Cells:
    return Cells(*(getattr(found, f)[mask] for f in Cells.__annotations__))


Axes = tuple[list[tuple[str, str]], list[str], Places]


def _assembled(history: DemandHistory, found: Cells, fits: list[Fit], axes: Axes) -> Measured:
    types, names, group = axes
    logs, errors = (np.array([getattr(f, a) for f in fits]) for a in ("log_uplift", "error"))
    spread = np.array([f.spread for f in fits])
    priced = [f.elasticity for f in fits if f.elasticity]
    elasticity = float(np.median(priced)) if priced else 0.0
    seen_types = [k for k in range(len(types)) if not np.isnan(logs[:, k]).all()]
    pools = {k: pooled(logs[:, k], errors[:, k]) for k in seen_types}
    shifts, rows = _towards_kind(types, pools), []
    own = np.ones((len(group), len(types)))
    for k, pool in pools.items():
        (kind, name), shift = types[k], shifts.get(k, 0.0)
        mine = _of(found, found.kind == k)
        rows.append(
            _row(
                (kind, name, ""), pool.mean + shift, (pool.error, pool.between), spread.max(), mine
            )
        )
        for g, category in enumerate(names):
            there = _of(mine, group[mine.sku] == g)
            if len(names) > 1 and len(there.sku):
                seen = (pool.drawn[g] + shift, (pool.drawn_error[g], 0.0), spread[g], there)
                rows.append(_row((kind, name, category), *seen))
        own[:, k] = _own(mine, np.exp(pool.drawn + shift)[group], spread[group], elasticity)
    rows += _kinds(types, pools, found)
    names_of_types = tuple(uplift_id(*t) for t in types)
    return Measured(UPLIFT.make(rows), names_of_types, own, history.skus, elasticity)


def _row(
    name: tuple[str, str, str],
    log_uplift: float,
    errors: tuple[float, float],
    spread: float,
    seen: Cells,
) -> dict[str, object]:
    """One row of `UPLIFT`; the mean of what spreads log-normally is exp(m + s²/2)."""
    error, between = errors
    width = Z90 * np.sqrt(error**2 + between)
    middle = float(np.clip(log_uplift, -np.log(MOST), np.log(MOST)))
    return {
        "id": uplift_id(*name),
        "kind": name[0],
        "event_type": name[1],
        "category": name[2],
        "factor": float(min(np.exp(middle + between / 2), MOST)),
        "low": float(np.exp(middle - width)),
        "high": float(np.exp(middle + width)),
        "sku_sd": float(np.sqrt(spread)),
        "days": int(seen.days.sum()),
        "skus": len(np.unique(seen.sku)),
        "units": float(seen.asked.sum()),
    }


def _own(mine: Cells, prior: Array, spread: Array, elasticity: float) -> Array:
    """Each SKU's uplift of one type: the gamma posterior of its own sales. (n,).

    Formula:
        u = m (1/spread + asked) / (1/spread + m * expected), m the category's uplift
    """
    n = len(prior)
    lifted = mine.expected * np.exp(elasticity * mine.price)
    asked, expected = np.bincount(mine.sku, mine.asked, n), np.bincount(mine.sku, lifted, n)
    weight = 1 / np.maximum(spread, 1e-6)
    return np.clip(prior * (weight + asked) / (weight + prior * expected), 1 / MOST, MOST)


def _of_kind(types: list[tuple[str, str]], pools: dict[int, Pool]) -> dict[str, list[int]]:
    kinds = sorted({types[k][0] for k in pools})
    return {kind: [k for k in pools if types[k][0] == kind] for kind in kinds}


def _across(pools: dict[int, Pool], members: list[int]) -> Pool:
    return pooled(*(np.array([getattr(pools[k], a) for k in members]) for a in ("mean", "error")))


def _towards_kind(types: list[tuple[str, str]], pools: dict[int, Pool]) -> dict[int, float]:
    """What draws each type's log uplift to its kind's: chance makes no holiday an event."""
    shifts: dict[int, float] = {}
    for members in _of_kind(types, pools).values():
        if len(members) >= LEAST_TYPES:
            drawn = _across(pools, members).drawn
            shifts |= {k: float(v - pools[k].mean) for k, v in zip(members, drawn, strict=True)}
    return shifts


def _kinds(
    types: list[tuple[str, str]], pools: dict[int, Pool], found: Cells
) -> list[dict[str, object]]:
    """Rows of whole kinds, for events that never were before: wide, as types of a kind differ.

    One type alone does not say how types differ: half its log uplift is taken for that.
    """
    rows = []
    for kind, members in _of_kind(types, pools).items():
        pool = _across(pools, members)
        between = pool.between if len(members) > 1 else (pool.mean / 2) ** 2
        seen = _of(found, np.isin(found.kind, members))
        rows.append(_row((kind, "", ""), pool.mean, (pool.error, between), 0.0, seen))
    return rows


def day_factors(
    measured: Measured,
    events: Sequence[Event],
    skus: Sequence[str],
    categories: Sequence[str],
    first_day: date,
    days: int,
) -> Array:
    """Return demand as a multiple of the baseline on coming days. (n, days); 1 without an event.

    A factor that people entered wins; else the SKU's own measured one, its category's, its type's,
    its kind's, or 1. A closure without an entered factor changes nothing.
    """
    factors = np.ones((len(skus), days))
    places = event_places(events, skus, categories, first_day, days)
    row = {sku: i for i, sku in enumerate(measured.skus)}
    at = np.array([row.get(sku, -1) for sku in skus], np.int64)
    kinds = {t: k for k, t in enumerate(measured.types)}
    for place in np.unique(places[places >= 0]):
        event = events[place]
        by_category = {c: measured.factor(event, c) for c in set(categories)}
        factor = np.array([by_category[c] for c in categories])
        own = kinds.get(uplift_id(event.kind.value, event.event_type))
        entered = event.factor == event.factor
        if own is not None and not entered and measured.own is not None:
            factor = np.where(at >= 0, measured.own[at, own], factor)
        here = places == place
        factors[here] = np.broadcast_to(factor[:, None], here.shape)[here]
    return factors
