"""From what was sold to what to keep, in one look: one call a stage, nothing computed here.

demand history → events, uplift, factors → forecast → service level → stock levels
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from stockbook import tiers
from stockbook.domain import (
    factors,
    festivals,
    forecast,
    guidance,
    levels,
    ramp,
    service,
    uplift,
)
from stockbook.domain.demand import DemandHistory
from stockbook.domain.uplift import Measured
from stockbook.workbook.inputs import Inputs


@dataclass(frozen=True)
class Foresight:
    """What is expected of every SKU, and what to keep for it.

    Attributes:
        history: With its event days named.
        measured: What events did; `factors`: what multiplies the levels, schema `FACTORS`.
        catalogue: With each SKU's service level; `forecast`, `levels`: their schemas.
    """

    history: DemandHistory
    measured: Measured
    factors: pd.DataFrame
    catalogue: pd.DataFrame
    forecast: pd.DataFrame
    levels: pd.DataFrame


def foresee(
    history: DemandHistory, catalogue: pd.DataFrame, inputs: Inputs, *, today: date
) -> Foresight:
    """Demand history → forecast → levels, with what people entered."""
    settings, categories = inputs.settings, catalogue["category"].tolist()
    history = festivals.marked(history, inputs.events, categories)
    measured = uplift.measure(history, inputs.events, categories)
    multipliers = factors.factors(
        history, catalogue, inputs.events, measured, inputs.overrides,
        today=today, review_days=settings.review_days,
    )  # fmt: skip
    new = ramp.ramp(history, categories, ramp.analogues(inputs.overrides))
    guide = guidance.guidance(history.skus, inputs.overrides, new)
    guide = tiers.improved(
        history, catalogue, guide, tier=settings.tier, seconds=settings.tier_seconds
    )
    protection = catalogue["lead_time_days"] + settings.review_days
    expected = forecast.forecast(
        history, protection, window_days=int(settings.window_days), guide=guide
    )
    catalogue = service.asked(catalogue, expected.table, **settings.service())
    limits = levels.levels(
        expected, catalogue, multipliers, rule=settings.rule, review_days=settings.review_days
    )
    return Foresight(history, measured, multipliers, catalogue, expected.table, limits)
