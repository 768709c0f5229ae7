"""A forecast made up for a test: a mean, a daily spread, and no past windows."""

import numpy as np
import pandas as pd

from stockbook.domain.backtest import Choice, Windows
from stockbook.domain.distribution import GRID, Spread
from stockbook.domain.forecast import Forecast
from stockbook.domain.kernels import Days, Track
from stockbook.domain.prediction import METHODS, Judged, Methods, Prediction, Sums


def expected(mean, sd=0.0, factor=0.0, sku="a"):
    """Return the forecast of one SKU: `mean` units/day with variance factor * sum ** 1.5."""
    days, origins = Days(np.zeros((60, 1)), np.ones((60, 1), bool)), (60,)
    tracks = {m: Track(origins, np.full((1, 1, 1), float(mean))) for m in METHODS if m != "blend"}
    methods = Methods(Days(np.full((60, 1), float(mean)), days.known), origins, tracks,
                      np.ones((1, 7, 1)), np.ones((1, 1)), 7)  # fmt: skip
    none = np.full(1, np.nan)
    choice = Choice(np.array([len(METHODS) - 1]), none, none, none, np.zeros(1, int))
    judged = Told(methods, np.full((1, 1), len(METHODS) - 1), choice, np.ones(1), factor)
    sums = judged.sums(np.full(1, 14))
    found = Prediction(np.array(["blend"]), np.full(1, 14), np.full((7, 1), float(mean)), sums,
                       sums.spread_at(0), none)  # fmt: skip
    table = pd.DataFrame({"sku": [sku], "demand_mean": [float(mean)], "demand_sd": [float(sd)]})
    return Forecast(table, found)


class Told(Judged):
    """Sums whose spread is told, not measured."""

    def __init__(self, methods, method, choice, drift, factor):
        super().__init__(methods, method, choice, drift)
        object.__setattr__(self, "factor", factor)

    def sums(self, horizon):
        total = horizon * self.methods.tracks["ses"].rate[-1, 0]
        nothing = Windows(np.zeros((0, 1)), np.zeros((0, 1)))
        return ToldSums(self, nothing, total[None], np.ones(1), 1)


class ToldSums(Sums):
    """The last sum with the factor of `Told`."""

    def spread_at(self, k):
        return Spread(self.judged.factor, 1.5, np.ones(1), GRID.copy())
