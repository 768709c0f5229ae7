"""Smoothing for SKUs that sell now and then: size of a sale and how often, apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stockbook.domain.kernels import WARM_UP, Array, Days, Origins, Track, parts

SIZES = (0.02, 0.05, 0.1, 0.2, 0.3)  # alphas of the size
CHANCES = (0.01, 0.02, 0.05, 0.1, 0.2)  # betas of the probability


def croston_sba(days: Days, origins: Origins, alpha: float = 0.1) -> Track:
    """Return Croston's method with the correction of Syntetos and Boylan.

    Formula:
        on a day with a sale: size += a * (y - size), interval += a * (days since - interval);
        forecast = (1 - alpha / 2) * size / interval; a = max(alpha, 1/k), k = sales so far

    Source:
        Syntetos & Boylan (2005), The accuracy of intermittent demand estimates, International
        Journal of Forecasting 21, 303-314, eq. 4.

    Example:
        >>> rare = np.zeros((1, 60))
        >>> rare[0, 4::5] = 10
        >>> croston_sba(Days.of(rare), [60]).rate.round(3).tolist()
        [[[1.9]]]
    """
    kind = days.units.dtype
    size, interval = np.zeros(days.n, kind), np.zeros(days.n, kind)
    since, sales = np.ones(days.n, kind), np.zeros(days.n, kind)
    at: dict[int, Array] = {}
    for t in range(max(origins) + 1):
        if t in origins:
            rate = np.divide(size, interval, out=np.zeros_like(size), where=interval > 0)
            at[t] = rate * (1 - alpha / 2)
        if t == days.length:
            break
        sold = (days.units[t] > 0) & days.known[t]
        sales += sold
        gain = np.where(sold, np.maximum(alpha, 1 / np.maximum(sales, 1)), 0).astype(kind)
        size += gain * (days.units[t] - size)
        interval += gain * (since - interval)
        since = np.where(sold, 1, since + days.known[t]).astype(kind)
    return Track(tuple(origins), np.stack([at[o] for o in origins])[:, None])


def tsb(
    days: Days,
    origins: Origins,
    alphas: Sequence[float] = SIZES,
    betas: Sequence[float] = CHANCES,
) -> Track:
    """Return the method of Teunter, Syntetos and Babai, which forgets a SKU that died.

    Args:
        alphas, betas: Of the size and of the probability; every pair is tried for each SKU.

    Formula:
        probability += b * (sold - probability) every day; size += a * (y - size) on a day with a
        sale; forecast = probability * size; gains never below 1/k

    Source:
        Teunter, Syntetos & Babai (2011), Intermittent demand: linking forecasting to inventory
        obsolescence, European Journal of Operational Research 214, 606-615.

    Example:
        >>> rare = np.zeros((1, 100))
        >>> rare[0, 4::5] = 10
        >>> 1.5 < float(tsb(Days.of(rare), [100]).rate[0, 0, 0]) < 2.5
        True
    """
    rates = np.empty((len(origins), 1, days.n), days.units.dtype)
    for part in parts(days.n):
        rates[:, 0, part] = _tsb(days, part, origins, alphas, betas)
    return Track(tuple(origins), rates)


def _tsb(
    days: Days,
    part: slice,
    origins: Origins,
    alphas: Sequence[float],
    betas: Sequence[float],
) -> Array:
    kind, m = days.units.dtype, len(range(*part.indices(days.n)))
    alpha, beta = np.asarray(alphas, kind)[:, None], np.asarray(betas, kind)[:, None]
    size, chance = np.zeros((len(alpha), m), kind), np.zeros((len(beta), m), kind)
    errors = np.zeros((len(alpha), len(beta), m), kind)
    seen, sales = np.zeros(m, kind), np.zeros(m, kind)
    scratch = np.empty_like(errors)
    at: dict[int, Array] = {}
    for t in range(max(origins) + 1):
        if t in origins:
            best = errors.reshape(-1, m).argmin(0)
            one, other = np.divmod(best, len(beta))
            at[t] = size[one, np.arange(m)] * chance[other, np.arange(m)]
        if t == days.length:
            break
        known = days.known[t, part].astype(kind)
        units = days.units[t, part]
        if t >= WARM_UP:
            np.multiply(size[:, None], chance[None], out=scratch)
            np.subtract(units, scratch, out=scratch)
            scratch *= known
            errors += np.square(scratch, out=scratch)
        sold = ((units > 0) * known).astype(kind)
        seen += known
        sales += sold
        chance += np.maximum(beta, 1 / np.maximum(seen, 1)) * (sold - chance) * known
        size += np.maximum(alpha, 1 / np.maximum(sales, 1)) * (units - size) * sold
    return np.stack([at[origin] for origin in origins])
