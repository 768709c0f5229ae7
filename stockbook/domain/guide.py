"""What holds beside a history when it is forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Vector = npt.NDArray[np.float64]
FREE = -2  # no method is asked for


@dataclass(frozen=True)
class Guide:
    """What holds beside the history; arrays (n,) in its order.

    Attributes:
        method: Index into the methods, -1 the naive plan, `FREE` where StockBook chooses.
        scale: What multiplies the forecast; 1 if nothing.
        given: Units/day that stand in for it (new products), NaN elsewhere.
        widen: What multiplies its standard deviation; 1 if nothing.
        name: What to call the method where it is `given`, "" elsewhere.
    """

    method: npt.NDArray[np.int64]
    scale: Vector
    given: Vector
    widen: Vector
    name: npt.NDArray[np.str_]

    @classmethod
    def none(cls, n: int) -> Guide:
        """Nobody says anything."""
        nothing = np.full(n, np.nan)
        return cls(np.full(n, FREE), np.ones(n), nothing, np.ones(n), np.full(n, "", "U16"))

    def guided(self, total: Array, horizon: npt.NDArray[np.int64]) -> Array:
        """Return totals (n,) over `horizon` days as people and launches want them."""
        told = np.where(np.isnan(self.given), total, self.given * horizon)
        return np.asarray(told * self.scale, total.dtype)

    def guided_week(self, week: Array, shape: Array) -> Array:
        """Return (7, n) units a day likewise; a given level is spread by weekday indices."""
        told = np.where(np.isnan(self.given), week, self.given * shape)
        return np.asarray(told * self.scale, week.dtype)
