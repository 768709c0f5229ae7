"""Expected units short: the loss functions that the textbook models are built on."""

from __future__ import annotations

from math import erfc, exp, pi, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, pdtrc, xlogy

Floats = npt.NDArray[np.float64]


def require_positive(**values: float) -> None:
    """Refuse the first value that is not a finite number above zero.

    Raises:
        ValueError: Names the value, says what was found and what was expected.

    Example:
        >>> require_positive(holding_cost=0)
        Traceback (most recent call last):
        ValueError: holding_cost must be a finite number > 0, got 0
    """
    for name, value in values.items():
        if not 0 < value < float("inf"):
            raise ValueError(f"{name} must be a finite number > 0, got {value}")


def require_not_negative(**values: float) -> None:
    """Refuse the first value that is not a finite number of at least zero.

    Raises:
        ValueError: Names the value, says what was found and what was expected.

    Example:
        >>> require_not_negative(lead_time=-1)
        Traceback (most recent call last):
        ValueError: lead_time must be a finite number >= 0, got -1
    """
    for name, value in values.items():
        if not 0 <= value < float("inf"):
            raise ValueError(f"{name} must be a finite number >= 0, got {value}")


def normal_loss(level: float, mean: float, sd: float) -> float:
    """Return the units that normal demand is expected to ask beyond a stock level.

    Args:
        level: Units there are [units].
        mean: Mean demand over the time looked at [units].
        sd: Its standard deviation [units, >= 0]; 0 is demand that is known.

    Returns:
        E[(D - level)+] [units].

    Raises:
        ValueError: `sd` is negative or not finite.

    Formula:
        sd * (phi(z) - z * (1 - Phi(z))), z = (level - mean) / sd

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (C.22) and (C.31).

    Example:
        >>> round(normal_loss(56.604, 50, 8), 4)
        0.9192
    """
    require_not_negative(sd=sd)
    if sd == 0:
        return max(mean - level, 0.0)
    z = (level - mean) / sd
    return sd * (_density(z) - z * _beyond(z))


def normal_second_loss(level: float, mean: float, sd: float) -> float:
    """Return half the expected square of the units asked beyond a stock level.

    Args:
        level: Units there are [units].
        mean: Mean demand over the time looked at [units].
        sd: Its standard deviation [units, >= 0]; 0 is demand that is known.

    Returns:
        E[((D - level)+)**2] / 2 [units squared].

    Raises:
        ValueError: `sd` is negative or not finite.

    Formula:
        sd**2 / 2 * ((z**2 + 1) * (1 - Phi(z)) - z * phi(z)), z = (level - mean) / sd

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (C.27) and (C.33).

    Example:
        >>> round(normal_second_loss(50, 50, 8), 4)  # half the variance, halved again
        16.0
    """
    require_not_negative(sd=sd)
    if sd == 0:
        return max(mean - level, 0.0) ** 2 / 2
    z = (level - mean) / sd
    return sd**2 / 2 * ((z * z + 1) * _beyond(z) - z * _density(z))


def poisson_loss(level: npt.ArrayLike, mean: float) -> Floats:
    """Return the units that Poisson demand is expected to ask beyond each stock level.

    Args:
        level: Whole units there are, one or many [units]; below zero is a backlog.
        mean: Mean demand over the time looked at [units, >= 0].

    Returns:
        E[(D - level)+] of each level [units], in the shape of `level`.

    Raises:
        ValueError: `mean` is negative or not finite.

    Formula:
        (mean - level) * (1 - F(level)) + mean * f(level)

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (C.41).

    Example:
        >>> poisson_loss([-2, 6, 8], 6).round(4).tolist()
        [8.0, 0.9637, 0.314]
    """
    require_not_negative(mean=mean)
    units = np.asarray(level, np.float64)
    beyond = np.where(units < 0, 1.0, pdtrc(np.maximum(units, 0), mean))
    return np.asarray((mean - units) * beyond + mean * poisson_chance(units, mean))


def poisson_chance(units: npt.ArrayLike, mean: float) -> Floats:
    """Return the chance that Poisson demand is exactly so many units, 0 below none.

    Example:
        >>> poisson_chance([-1, 0, 3], 2).round(4).tolist()
        [0.0, 0.1353, 0.1804]
    """
    asked = np.asarray(units, np.float64)
    whole = np.maximum(asked, 0)
    chance = np.exp(xlogy(whole, mean) - mean - gammaln(whole + 1))
    return np.asarray(np.where(asked < 0, 0.0, chance))


def _density(z: float) -> float:
    return exp(-z * z / 2) / sqrt(2 * pi)


def _beyond(z: float) -> float:
    """1 - Phi(z), without cancellation in the far tail."""
    return erfc(z / sqrt(2)) / 2
