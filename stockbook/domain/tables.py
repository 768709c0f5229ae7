"""The declared tables after the ledger: columns, types, key and units, checked at the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows, one mapping a row."""
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


TEXT, WHOLE, REAL, YES = "str", "int64", "float64", "bool"


@dataclass(frozen=True)
class TableSchema:
    """One table's contract.

    Attributes:
        columns: Column → dtype.
        key: The column whose values are unique.
    """

    name: str
    columns: Mapping[str, str]
    key: str = "sku"

    def empty(self) -> pd.DataFrame:
        """Return the table without rows."""
        return pd.DataFrame({c: pd.Series(dtype=kind) for c, kind in self.columns.items()})

    def make(self, columns: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> pd.DataFrame:
        """Return a table of these columns or rows, in the declared order and types.

        Raises:
            ValueError: As `check`.
        """
        if not len(columns):
            return self.empty()
        frame = pd.DataFrame(columns)
        missing = [c for c in self.columns if c not in frame]
        if missing:
            raise ValueError(f"table {self.name}: no column {missing}; found {list(frame)}")
        return self.check(frame[list(self.columns)].astype(dict(self.columns)))

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame as it came, if it is this table.

        Raises:
            ValueError: A column is missing or of another type, or the key repeats; the message
                names the column, what was found and what was expected.
        """
        for column, kind in self.columns.items():
            if column not in frame:
                raise ValueError(f"table {self.name}: no column {column!r}; found {list(frame)}")
            found = str(frame[column].dtype)
            if found != kind and not (kind == TEXT and found in ("object", "string")):
                raise ValueError(f"table {self.name}, {column}: found {found}, expected {kind}")
        if frame[self.key].duplicated().any():
            twice = frame.loc[frame[self.key].duplicated(), self.key].iloc[0]
            raise ValueError(f"table {self.name}: {self.key} {twice!r} stands twice")
        return frame


CATALOGUE = TableSchema(
    "catalogue",
    {
        "sku": TEXT,
        "name": TEXT,
        "category": TEXT,
        "supplier": TEXT,
        "price_yuan": REAL,
        "unit_cost_yuan": REAL,
        "lead_time_days": REAL,
        "lead_time_sd": REAL,
        "emergency_lead_time_hours": REAL,
        "moq": WHOLE,
        "pack_size": WHOLE,
        "service_level": REAL,
        "manual_reorder_point": REAL,
    },
)
POSITION = TableSchema(
    "position",
    {
        "sku": TEXT,
        **dict.fromkeys(
            (
                "free",
                "held",
                "allocated",
                "locked",
                "defective",
                "returning",
                "on_order",
                "in_transit",
                "customer",
            ),
            WHOLE,
        ),
    },
)
FORECAST = TableSchema(
    "forecast",
    {
        "sku": TEXT,
        "method": TEXT,
        "demand_mean": REAL,  # units/day
        "demand_sd": REAL,  # units/day, of the one-day forecast error
        "sales_7d": REAL,
        "sales_28d": REAL,
        "change_7d": REAL,  # share
        "next_7": REAL,
        "next_14": REAL,
        "protection_days": WHOLE,  # the interval whose sums are judged
        "protection_mean": REAL,  # units over it
        "protection_p90": REAL,
        "wape": REAL,  # of those sums on held-out windows
        "naive_wape": REAL,
        "bias": REAL,  # share
        "covered": REAL,  # share of held-out windows within their 90 % quantile
        "history_days": WHOLE,
        "stockout_days": WHOLE,
    },
)
LEVEL = TableSchema(
    "level",
    {
        "sku": TEXT,
        "rule": TEXT,
        "demand_mean": REAL,
        "demand_sd": REAL,
        "lead_time_days": REAL,
        "lead_time_sd": REAL,
        "review_days": REAL,
        "protection_days": REAL,
        "service_level": REAL,
        "days_low": REAL,
        "days_high": REAL,
        "safety_stock": REAL,
        "reorder_point": REAL,
        "order_up_to": REAL,
        "season_factor": REAL,
        "hot_factor": REAL,  # beyond what the forecast follows already
        "trend_factor": REAL,
        "campaign_factor": REAL,
        "stockout_rate": REAL,  # share of held-out windows above the level the rule had set
        "is_manual": YES,
    },
)
ALERT = TableSchema(
    "alert",
    {
        "sku": TEXT,
        "level": TEXT,
        "time_to_zero_days": REAL,  # inf without demand
        "days_of_cover": REAL,
        "inventory_position": REAL,
        "next_inbound_at": REAL,  # Unix s, NaN if none
        "next_inbound_quantity": REAL,
        "order_by_at": REAL,  # Unix s, NaN if there is nothing to order
        "reason": TEXT,
    },
)
PURCHASE = TableSchema(
    "purchase",
    {
        "sku": TEXT,
        "supplier": TEXT,
        "quantity": WHOLE,
        "moq": WHOLE,
        "pack_size": WHOLE,
        "unit_cost_yuan": REAL,
        "amount_yuan": REAL,
        "order_by_at": REAL,
        "arrival_p90_at": REAL,
        "is_emergency": YES,
        "reason": TEXT,
    },
)
MOVEMENT = TableSchema(
    "movement",
    {
        "sku": TEXT,
        "since": WHOLE,
        "received": WHOLE,
        "returned": WHOLE,
        "shipped": WHOLE,
        "spoiled": WHOLE,
        "adjusted": WHOLE,
        "counted": WHOLE,
    },
)
UPLIFT = TableSchema(
    "uplift",
    {
        "id": TEXT,  # kind/event type/category; "" stands for all of them
        "kind": TEXT,
        "event_type": TEXT,
        "category": TEXT,
        "factor": REAL,  # demand ÷ baseline
        "low": REAL,  # 90 % interval
        "high": REAL,
        "sku_sd": REAL,  # relative spread of single SKUs around it
        "days": WHOLE,  # SKU days it was measured on
        "skus": WHOLE,
        "units": REAL,
    },
    key="id",
)
FACTORS = TableSchema(
    "factors",
    {
        "sku": TEXT,
        "season_factor": REAL,
        "hot_factor": REAL,
        "trend_factor": REAL,
        "campaign_factor": REAL,
        "why": TEXT,
    },
)
OVERRIDES = TableSchema(
    "overrides",
    {
        "sku": TEXT,
        "method": TEXT,  # "" or auto: StockBook chooses
        "factor": REAL,  # 1 if none
        "until": "datetime64[ns]",  # last day, included; NaT: no override holds
        "analogue": TEXT,
        "analogue_factor": REAL,
        "trend": REAL,
        "trend_until": "datetime64[ns]",
    },
)
RAMP = TableSchema(
    "ramp",
    {
        "sku": TEXT,
        "age_days": WHOLE,  # since the first sale
        "level": REAL,  # units/day of the next two weeks
        "level_sd": REAL,  # units/day, how wrong the level may be
        "spread_factor": REAL,  # of the standard deviation; nears 1 as a SKU speaks for itself
        "own_weight": REAL,  # 0..1
        "source": TEXT,  # the analogue SKU, "" if none
        "why": TEXT,
    },
)
