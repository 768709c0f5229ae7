"""What the analysis reads and what it finds: declared tables, one grain each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from stockbook.domain.tables import REAL, TEXT, WHOLE, TableSchema

DATE = "datetime64[s]"


def table(schema: TableSchema, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame as the table it is to be, in the declared order and types."""
    return schema.make({name: frame[name] for name in schema.columns})


DAILY = TableSchema(
    "daily", {"date": DATE, "revenue_yuan": REAL, "mean7_yuan": REAL, "units": REAL}, "date"
)
WEEKLY = TableSchema("weekly", {"week": TEXT, "revenue_yuan": REAL, "units": REAL}, "week")
HOURLY = TableSchema(  # of a usual day
    "hourly", {"hour": WHOLE, "revenue_yuan": REAL, "units": REAL, "share": REAL}, "hour"
)
WEEKDAYS = TableSchema(  # Monday is 0; of one such day
    "weekdays", {"weekday": WHOLE, "revenue_yuan": REAL, "units": REAL}, "weekday"
)
CHANNELS = TableSchema(
    "channels",
    {"channel": TEXT, "revenue_yuan": REAL, "share": REAL, "units": REAL, "before_yuan": REAL},
    "channel",
)
HOSTS = TableSchema(
    "hosts",
    {"author": TEXT, "revenue_yuan": REAL, "share": REAL, "units": REAL, "orders": REAL},
    "author",
)
RANKING = TableSchema(  # most revenue first
    "ranking",
    {"sku": TEXT, "name": TEXT, "revenue_yuan": REAL, "share": REAL, "cumulative": REAL,
     "abc": TEXT, "xyz": TEXT},
)  # fmt: skip
PRICES = TableSchema(  # elasticity: per cent of units that one per cent of price brings
    "prices",
    {"sku": TEXT, "name": TEXT, "elasticity": REAL, "low": REAL, "high": REAL, "days": WHOLE,
     "cheapest_yuan": REAL, "dearest_yuan": REAL},
)  # fmt: skip
REFUNDS = TableSchema(  # shares of units paid
    "refunds",
    {"key": TEXT, "name": TEXT, "units": REAL, "before": REAL, "after": REAL, "rate": REAL,
     "refund_yuan": REAL},
    "key",
)  # fmt: skip
NEWCOMERS = TableSchema(
    "newcomers",
    {"sku": TEXT, "name": TEXT, "first_on": DATE, "days": WHOLE, "first_week": REAL,
     "last_week": REAL},
)  # fmt: skip
RAMP = TableSchema("ramp", {"day": WHOLE, "units": REAL, "products": WHOLE}, "day")
PROVINCES = TableSchema(
    "provinces", {"province": TEXT, "revenue_yuan": REAL, "orders": REAL, "share": REAL}, "province"
)
VISITS = TableSchema("visits", {"date": DATE, "visitors": REAL, "conversion": REAL}, "date")
CONVERSION = TableSchema(  # `sellable`: share of the days' hours in stock
    "conversion",
    {"product": TEXT, "name": TEXT, "visitors": REAL, "conversion": REAL, "sellable": REAL,
     "conversion_in_stock": REAL},
    "product",
)  # fmt: skip
AUDIENCE = TableSchema(
    "audience", {"label": TEXT, "kind": TEXT, "segment": TEXT, "share": REAL}, "label"
)
SPLIT = TableSchema(
    # `shown`: units up to a few times the usual, so that a burst hides nothing; `counted`: 1 where
    # the trend looks at the day, 0 for event days and days out of stock
    "split",
    {"date": DATE, "units": REAL, "shown": REAL, "counted": WHOLE, "trend": REAL},
    "date",
)
SEASON = TableSchema("season", {"weekday": WHOLE, "change": REAL}, "weekday")
UPLIFT = TableSchema(  # of `domain.uplift`: factors, 1 is none
    "uplift", {"event": TEXT, "events": WHOLE, "factor": REAL, "low": REAL, "high": REAL}, "event"
)


@dataclass(frozen=True)
class SalesFacts:
    """What was sold since a day, aggregated by the ledger; today is left out.

    Attributes:
        sales: sku, date, units, revenue_yuan, list_yuan, orders; one row a SKU and day.
        sources: date, channel, author, units, revenue_yuan, orders.
        hours: date, hour, units, revenue_yuan.
        refunds: sku, units, before, after [units], refund_yuan.
        provinces: province, orders, revenue_yuan.
        traffic: date, product, name, exposures, clicks, visitors, buyers, units, amount_yuan.
        audience: kind, segment, share; as the file had them.
        products: Platform product → its SKUs.
    """

    sales: pd.DataFrame
    sources: pd.DataFrame
    hours: pd.DataFrame
    refunds: pd.DataFrame
    provinces: pd.DataFrame
    traffic: pd.DataFrame
    audience: pd.DataFrame
    products: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Figures:
    """The last 28 days against the 28 before; NaN where there was nothing.

    Attributes:
        orders: Order lines paid; `discount`: share of the list price not paid.
    """

    revenue_yuan: float
    revenue_before: float
    units: float
    units_before: float
    orders: float
    refund_rate: float
    refund_before_shipping: float
    discount: float
    live_share: float
    days: int


@dataclass(frozen=True)
class Analysis:
    """Everything 数据分析 shows; tables without rows where the data are too few.

    Attributes:
        said: A sentence a table: what it shows, or why it shows nothing.
        chosen: The SKU whose trend is split off, "" if none.
    """

    today: date
    figures: Figures
    daily: pd.DataFrame
    weekly: pd.DataFrame
    hourly: pd.DataFrame
    weekdays: pd.DataFrame
    channels: pd.DataFrame
    hosts: pd.DataFrame
    ranking: pd.DataFrame
    prices: pd.DataFrame
    refunds: pd.DataFrame
    refunds_by_category: pd.DataFrame
    newcomers: pd.DataFrame
    ramp: pd.DataFrame
    provinces: pd.DataFrame
    visits: pd.DataFrame
    conversion: pd.DataFrame
    audience: pd.DataFrame
    split: pd.DataFrame
    season: pd.DataFrame
    uplift: pd.DataFrame
    chosen: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
