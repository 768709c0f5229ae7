"""A forecast made up for a test: a mean, a daily spread, and no past windows."""

import numpy as np
import pandas as pd

from stockbook.domain.backtest import Choice, Windows
from stockbook.domain.distribution import GRID, Spread
from stockbook.domain.forecast import Forecast
from stockbook.domain.guide import Guide
from stockbook.domain.kernels import Days, Track
from stockbook.domain.prediction import METHODS, Judged, Methods, Prediction, Sums


def expected(mean, sd=0.0, factor=0.0, skus=("a",)):
    """Return a forecast of `mean` units/day with variance factor * sum ** 1.5 of each SKU."""
    n = len(skus)
    days, origins = Days(np.zeros((60, n)), np.ones((60, n), bool)), (60,)
    tracks = {m: Track(origins, np.full((1, 1, n), float(mean))) for m in METHODS if m != "blend"}
    methods = Methods(Days(np.full((60, n), float(mean)), days.known), origins, tracks,
                      np.ones((1, 7, n)), np.ones((1, n)), 7)  # fmt: skip
    none = np.full(n, np.nan)
    choice = Choice(np.full(n, len(METHODS) - 1), none, none, none, np.zeros(n, int))
    judged = Told(methods, np.full((1, n), len(METHODS) - 1), choice, np.ones(1),
                  Guide.none(n), factor)  # fmt: skip
    sums = judged.sums(np.full(n, 14))
    found = Prediction(np.full(n, "blend"), np.full(n, 14), np.full((7, n), float(mean)), sums,
                       sums.spread_at(0), none)  # fmt: skip
    table = pd.DataFrame(
        {
            "sku": list(skus),
            "demand_mean": float(mean),
            "demand_sd": float(sd),
            "sales_28d": 28.0 * mean,
        }
    )
    return Forecast(table, found)


class Told(Judged):
    """Sums whose spread is told, not measured."""

    def __init__(self, methods, method, choice, drift, guide, factor):
        super().__init__(methods, method, choice, drift, guide)
        object.__setattr__(self, "factor", factor)

    def sums(self, horizon):
        total = horizon * self.methods.tracks["ses"].rate[-1, 0]
        nothing = Windows(np.zeros((0, len(total))), np.zeros((0, len(total))))
        return ToldSums(self, nothing, total[None], np.ones(len(total)), 1)


class ToldSums(Sums):
    """The last sum with the factor of `Told`."""

    def spread_at(self, k):
        return Spread(self.judged.factor, 1.5, np.ones(self.totals.shape[1]), GRID.copy())
