"""Single large sales: kept out of the level, given back as a share of what is sold.

A wholesale buyer who takes 2,000 pieces once says little about next week. Smoothing such a day
pulls the level up for weeks; leaving it out forgets units that are truly asked for now and then. So
smoothing sees each day only up to a multiple of the SKU's usual sale, and the forecast is
multiplied by what the SKU, and the shop, sold in all over what was seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stockbook.domain.kernels import Array, Days
from stockbook.domain.steady import in_steps

CAP = 5.0  # times the usual sale
GAIN = 0.1  # at which the usual sale follows
FEWEST = 3  # sales before anything is capped
WEIGHT = 300.0  # [days] of the shop's share that a SKU's own is weighed against


def tamed(days: Days) -> Days:
    """Return the history with each day cut at `CAP` times the SKU's usual sale until then.

    Formula:
        cap_t = 5 * size_{t-1}; size += max(0.1, 1/k) * (min(y, cap) - size) on days with a sale
    """
    kind = days.units.dtype
    size, sales = np.zeros(days.n, kind), np.zeros(days.n, kind)
    units = np.empty_like(days.units)
    for t in range(days.length):
        cap = np.where(sales >= FEWEST, CAP * size, np.inf)
        np.minimum(days.units[t], cap, out=units[t])
        sold = (units[t] > 0) & days.known[t]
        sales += sold
        gain = np.where(sold, np.maximum(GAIN, 1 / np.maximum(sales, 1)), 0).astype(kind)
        size += gain * (units[t] - size)
    return Days(units, days.known)


def restored(days: Days, tame: Days, origins: Sequence[int]) -> Array:
    """Return (K, n): units in all over units that smoothing saw, before each origin.

    Formula:
        (D_i + w * m_i * r) / (C_i + w * m_i): D, C the sums of both histories, m_i = C_i / days,
        r = sum D / sum C over the shop, w = 300 days

    Source:
        Efron & Morris (1975), Data analysis using Stein's estimator, JASA 70, 311-319
        (shrinkage to a common value); the weight was chosen on half the SKUs of a real shop.

    Example:
        >>> calm = Days.of(np.full((1, 10), 2.0))
        >>> restored(calm, tamed(calm), [10]).tolist()
        [[1.0]]
    """
    starts = [0, *origins[:-1]]
    spans = list(zip(starts, origins, strict=True))
    whole = np.cumsum([days.units[a:b].sum(0) for a, b in spans], 0)
    seen = np.cumsum([tame.units[a:b].sum(0) for a, b in spans], 0)
    count = np.cumsum([days.known[a:b].sum(0) for a, b in spans], 0)
    weight = WEIGHT * seen / np.maximum(count, 1)
    shop = whole.sum(1, keepdims=True) / np.maximum(seen.sum(1, keepdims=True), 1e-9)
    shop = in_steps(shop, 0.01)
    out = np.ones_like(whole)
    np.divide(whole + weight * shop, seen + weight, out=out, where=seen > 0)
    return out.astype(days.units.dtype)
