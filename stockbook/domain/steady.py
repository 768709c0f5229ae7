"""Shared figures in steps: what is measured over the whole shop moves only when it truly moved.

One order changes every pooled figure in its last digits. Rounded, they stand still, and so do the
cells of all the SKUs that the order does not concern.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def in_steps(value: Any, step: float) -> Any:
    """Return a number, or an array of them, rounded to multiples of `step`.

    Example:
        >>> round(float(in_steps(1.234, 0.05)), 2)
        1.25
    """
    return np.round(np.asarray(value, np.float64) / step) * step


def in_ratios(value: float, step: float) -> float:
    """Return a positive number rounded to powers of `1 + step`; 0 stays 0.

    Example:
        >>> round(in_ratios(1.03, 0.05), 2), in_ratios(0.0, 0.05)
        (1.05, 0.0)
    """
    if value <= 0:
        return 0.0
    return float((1 + step) ** np.round(np.log(value) / np.log1p(step)))
