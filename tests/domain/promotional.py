"""Seeded shops whose uplifts are known: weekly cycle, SKUs of all sizes, events, prices."""

from datetime import date, timedelta

import numpy as np

from stockbook.domain.demand import DemandHistory
from stockbook.domain.festivals import Event, EventKind

FIRST = date(2024, 7, 1)
WEEKEND = np.array([0.85, 0.9, 0.95, 1.0, 1.05, 1.15, 1.1])


def festival(name, first, days, **more):
    start = FIRST + timedelta(days=first)
    kind = more.pop("kind", EventKind.FESTIVAL)
    last = start + timedelta(days=days - 1)
    return Event(f"{name}-{first}", name, kind, start, last, **more)


def shop(seed, *, n=60, days=730, mean=6.0, uplift=2.5, spread=0.0, events=(), categories=3):
    """Return a history of SKUs around `mean` a day, lifted on the events' days.

    Args:
        spread: Log standard deviation of the SKUs' own uplifts around it (whose mean it is).
        events: (event, uplift or None for `uplift`) pairs.
    """
    rng = np.random.default_rng(seed)
    level = mean * rng.lognormal(-0.18, 0.6, n)
    season = 1 + 0.25 * np.sin(2 * np.pi * (np.arange(days) / 365 + rng.uniform()))
    pattern = WEEKEND[np.arange(days) % 7]
    groups = [f"c{i % categories}" for i in range(n)]
    skus = tuple(f"s{i:03d}" for i in range(n))
    lift = np.ones((n, days))
    own = rng.lognormal(-(spread**2) / 2, spread, n) if spread else np.ones(n)
    for event, planted in events:
        first = (event.first_on - FIRST).days
        who = [not event.applies_to or {s, c} & set(event.applies_to)
               for s, c in zip(skus, groups, strict=True)]  # fmt: skip
        rows = np.flatnonzero(who)[:, None]
        lift[rows, np.arange(first, first + event.days)] = (planted or uplift) * own[rows]
    rate = level[:, None] * season * pattern * lift
    wild = rng.gamma(8, 1 / 8, rate.shape)  # days differ more than Poisson
    units = rng.poisson(rate * wild).astype(np.float32)
    return history(units, skus), groups


def history(units, skus, first=FIRST):
    n, t = units.shape
    sold = units > 0
    since = np.where(sold.any(1), sold.argmax(1), t)
    blank = np.full((n, t), np.nan, np.float32)
    return DemandHistory(
        skus, first, units, np.ones((n, t), np.float32), since, np.zeros(n, np.float32), blank
    )
