"""The calendar through the pipeline: event days leave the forecast, and what they did is told."""

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from stockbook import pipeline
from stockbook.domain.clock import day_of
from stockbook.domain.festivals import Event, EventKind
from stockbook.domain.outlook import Stock
from stockbook.domain.tables import CATALOGUE, MOVEMENT, POSITION
from stockbook.domain.uplift import uplift_id
from stockbook.settings import Settings
from stockbook.workbook.calendar import CalendarRow
from stockbook.workbook.inputs import Inputs
from tests.sales_facts import no_sales

NOW = 1796868600  # 2026-12-10 10:10 in Beijing
TODAY = day_of(NOW)
SKUS = [f"s{i}" for i in range(12)]


class Ledger:
    """A ledger in which each SKU sold ten a day, and forty on the days of a sale."""

    def __init__(self, sale):
        first, rng = TODAY - timedelta(days=300), np.random.default_rng(1)
        days = [first + timedelta(days=i) for i in range(300)]
        lifted = np.array([40.0 if sale.first_on <= d <= sale.last_on else 10.0 for d in days])
        self.daily = pd.DataFrame({
            "sku": np.repeat(SKUS, 300),
            "date": np.tile(np.array(days, "datetime64[ns]"), 12),
            "units": rng.poisson(np.tile(lifted, 12)),
        })  # fmt: skip

    def daily_demand(self):
        return self.daily

    def stock_path(self):
        return pd.DataFrame({"sku": [], "at": [], "free": []})

    def stock(self, now):
        none = dict.fromkeys(POSITION.columns, 0)
        held = POSITION.make([none | {"sku": sku, "free": 99} for sku in SKUS])
        listing = pd.DataFrame(columns=["sku", "name", "category", "price_fen", "shop_sku_id"])
        return Stock(listing, held, frozenset(SKUS), now)

    def movements(self, since):
        return MOVEMENT.empty()

    @property
    def insight(self):
        return self

    def sales_facts(self, start, today):
        return no_sales()


def inputs(*events):
    none = dict.fromkeys(CATALOGUE.columns, math.nan)
    row = none | {"name": "", "category": "伞", "supplier": "", "lead_time_days": 3.0,
                  "lead_time_sd": 0.0, "moq": 1, "pack_size": 1, "service_level": 0.95}  # fmt: skip
    catalogue = CATALOGUE.make([row | {"sku": sku} for sku in SKUS])
    calendar = tuple(CalendarRow(5 + i, e.event_id, e) for i, e in enumerate(events))
    return Inputs(Settings(), catalogue, (), {}, calendar=calendar)


def event(key, days_from_now, days):
    first = TODAY + timedelta(days=days_from_now)
    return Event(key, "品牌日", EventKind.CAMPAIGN, first, first + timedelta(days=days - 1))


def test_req_18_event_days_leave_the_baseline_and_their_uplift_is_stored_and_used():
    past, coming = event("P", -10, 10), event("C", 0, 2)
    ledger = Ledger(past)
    blind = pipeline.look_ahead(ledger, inputs(), now=NOW)
    seen = pipeline.look_ahead(ledger, inputs(past, coming), now=NOW)
    assert blind.forecast["demand_mean"].median() > 15
    assert seen.forecast["demand_mean"].median() == pytest.approx(10, rel=0.1)
    found = seen.measured.table.set_index("id").loc[uplift_id("campaign", "品牌日")]
    assert found["factor"] == pytest.approx(4, rel=0.1)
    days = math.ceil(3 + Settings().review_days)
    expected = (2 * 4 + days - 2) / days
    assert seen.factors["campaign_factor"].median() == pytest.approx(expected, rel=0.1)
    assert blind.factors["campaign_factor"].eq(1).all()
