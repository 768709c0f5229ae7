"""Which cells change: results → rows by key, computed once; adapters only apply it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stockbook.domain.alerts import AlertLevel
from stockbook.domain.clock import day_of
from stockbook.domain.kits import kit_free
from stockbook.domain.language import say
from stockbook.domain.outlook import Outlook
from stockbook.domain.problems import Problem
from stockbook.domain.records import UNMAPPED
from stockbook.domain.tables import records
from stockbook.domain.urgent import ranked
from stockbook.domain.words import METHODS, RULES
from stockbook.workbook.analysis import analysis_changes
from stockbook.workbook.book import Cell, Changes, TableChange
from stockbook.workbook.calendar_rows import calendar_rows
from stockbook.workbook.home import home_blocks
from stockbook.workbook.inputs import Inputs
from stockbook.workbook.ledger_rows import blank, entry_rows, moment, movement_rows
from stockbook.workbook.sheets import PAST_DAYS, sheet

Values = Mapping[str, Cell]


@dataclass(frozen=True)
class Scope:
    """Which part of the workbook an action writes: sheet → columns (None: all that are ours)."""

    sheets: Mapping[str, tuple[str, ...] | None]


STOCK = ("free", "allocated", "held", "locked", "in_transit", "on_order", "on_hand", "shop_sku_id")
HISTORY = tuple(c.key for c in sheet("history").columns if c.role == "output")
DANGER = ("level", "time_to_zero")
EVERYTHING = Scope(
    dict.fromkeys(
        "sku safety forecast purchase alert entry sku_map movement calendar problem setting history analysis".split()  # noqa: SIM905, E501
    )
)
STOCK_ONLY = Scope({"sku": STOCK, "entry": None, "movement": None, "problem": None})
ALERTS_ONLY = Scope(
    {
        "sku": (*DANGER, "days_of_cover"),
        "safety": ("level",),
        "purchase": DANGER,
        "alert": None,
        "entry": None,
        "problem": None,
    }
)


def changes(inputs: Inputs, outlook: Outlook, scope: Scope = EVERYTHING) -> Changes:
    """Return everything one run writes."""
    facts = Facts(inputs, outlook)
    makers: dict[str, Callable[[], list[Values]]] = {
        "sku": facts.sku_rows,
        "safety": facts.safety_rows,
        "forecast": facts.forecast_rows,
        "purchase": facts.purchase_rows,
        "alert": facts.alert_rows,
        "problem": lambda: problem_rows(outlook.problems),
        "history": facts.history_rows,
        "sku_map": facts.sku_map_rows,
        "entry": lambda: entry_rows(inputs, outlook),
        "movement": lambda: movement_rows(outlook),
        "calendar": lambda: calendar_rows(inputs.events, outlook.measured, day_of(outlook.now)),
    }
    tables = [
        TableChange(name, makers[name](), sheet(name).by_position, columns)
        for name, columns in scope.sheets.items()
        if name in makers
    ]
    blocks = home_blocks(inputs, outlook, facts.frame)
    if "analysis" in scope.sheets and outlook.analysis and inputs.analysed is not None:
        blocks += analysis_changes(outlook.analysis)
    return Changes(tuple(tables), tuple(blocks))


def word(level: str) -> str:
    """Return an alert level as the cell shows it."""
    return str(AlertLevel(level).label)


class Facts:
    """One run's results, side by side, one row a SKU."""

    def __init__(self, inputs: Inputs, outlook: Outlook) -> None:
        self.inputs = inputs
        self.outlook = outlook
        self.frame = ranked(outlook)
        self.alerts = by_sku(self.frame)
        self.forecast = by_sku(outlook.forecast)
        self.levels = by_sku(outlook.levels)
        self.purchase = by_sku(outlook.purchase)
        self.positions = by_sku(outlook.stock.positions)
        self.listing = by_sku(outlook.stock.listing)
        self.catalogue = by_sku(outlook.catalogue)
        self.free = outlook.stock.free()

    def danger(self, sku: str) -> dict[str, Cell]:
        """Level and countdown of one SKU; empty where its stock was never counted."""
        row = self.alerts.get(sku)
        if row is None:
            return {"level": None, "time_to_zero": None}
        zero = blank(float(row["time_to_zero_days"]))
        return {"level": word(row["level"]), "time_to_zero": zero}

    def named(self, sku: str) -> dict[str, Cell]:
        """Key and name of one SKU."""
        return {"sku": sku, "name": self.catalogue[sku]["name"]}

    def sku_rows(self) -> list[Values]:
        """商品: every SKU of the workbook and of the shop."""
        return [self._sku_row(sku) for sku in self.catalogue]

    def _sku_row(self, sku: str) -> Values:
        terms, listed = self.catalogue[sku], self.listing.get(sku, {})
        alert, level = self.alerts.get(sku, {}), self.levels.get(sku, {})
        return {
            **self.named(sku),
            "category": terms["category"],
            "price": blank(terms["price_yuan"]),
            **self.danger(sku),
            "days_of_cover": blank(alert.get("days_of_cover")),
            **self._stock(sku),
            "sales_7d_mean": blank(self.forecast.get(sku, {}).get("sales_7d", 0.0) / 7),
            "reorder_point": blank(level.get("reorder_point")),
            "suggested": blank(alert.get("quantity")) or None,
            "shop_sku_id": listed.get("shop_sku_id") or None,
        }

    def _stock(self, sku: str) -> dict[str, Cell]:
        """The buckets; free and on hand stay empty until the SKU was counted once."""
        row = self.positions.get(sku, {})
        cells: dict[str, Cell] = {name: blank(row.get(name, 0)) for name in STOCK[1:6]}
        known = sku in self.outlook.stock.counted
        good = sum(int(row.get(name, 0)) for name in ("free", "held", "allocated", "locked"))
        cells["free"] = blank(row.get("free", 0)) if known else None
        cells["on_hand"] = good if known else None
        if sku in self.outlook.stock.kits:
            cells["free"] = kit_free(self.outlook.stock.kits[sku], self.free)
        return cells

    def sku_map_rows(self) -> list[Values]:
        """SKU对照: every platform SKU, what the shop calls it, and how many kits can be sold."""
        kits = self.outlook.stock.components
        return [
            {
                "shop_sku_id": key,
                "name": row["name"],
                "code": None if row["sku"].startswith(UNMAPPED) else row["sku"],
                "free": kit_free(kits[key], self.free) if key in kits else None,
            }
            for row in records(self.outlook.stock.listing)
            for key in (row["shop_sku_id"] or row["sku"]).split(",")
            if not key.startswith(UNMAPPED)
        ]

    def safety_rows(self) -> list[Values]:
        """安全库存: each SKU's levels and how they came about."""
        return [
            {
                **self.named(sku),
                "level": self.danger(sku)["level"],
                "rule": say("手工", "manual") if row["is_manual"] else rule_word(row["rule"]),
                **copied(row, "demand_mean demand_sd lead_time_days lead_time_sd protection_days"),
                **copied(row, "days_low days_high safety_stock reorder_point order_up_to"),
                **copied(row, "season_factor hot_factor trend_factor campaign_factor"),
                **copied(row, "stockout_rate"),
                "asked": row["service_level"],
            }
            for sku, row in self.levels.items()
        ]

    def forecast_rows(self) -> list[Values]:
        """销量预测: what each SKU sold and is expected to sell."""
        return [
            {
                **self.named(sku),
                **copied(row, "change_7d sales_7d sales_28d next_7 next_14 demand_sd"),
                **copied(row, "wape naive_wape bias covered history_days stockout_days"),
                **copied(row, "protection_mean protection_p90"),
                "method": method_word(row["method"]),
                "override": self.inputs.override_states.get(sku),
            }
            for sku, row in self.forecast.items()
        ]

    def purchase_rows(self) -> list[Values]:
        """采购计划: what to order, most urgent first; rows of before say that all is well."""
        order = [sku for sku in self.frame["sku"] if sku in self.purchase]
        settled = [s for s in self.inputs.listed["purchase"] if s not in self.purchase]
        return [self._purchase_row(sku) for sku in order] + [
            self._settled_row(sku, "why", "purchase") for sku in settled if sku in self.catalogue
        ]

    def _purchase_row(self, sku: str) -> Values:
        row = self.purchase[sku]
        return {
            **self.named(sku),
            **self.danger(sku),
            "supplier": row["supplier"] or None,
            "order_by": moment(row["order_by_at"]),
            **copied(row, "quantity moq pack_size"),
            "unit_cost": blank(row["unit_cost_yuan"]),
            "amount": blank(row["amount_yuan"]),
            "arrival": moment(row["arrival_p90_at"]),
            "why": row["reason"],
        }

    def history_rows(self) -> list[Values]:
        """历史: units sold and left on each of the last days, for the charts of 商品卡片."""
        past = self.outlook.history
        days = min(PAST_DAYS, past.units.shape[1])
        blanks = [None] * (PAST_DAYS - days)
        rows: list[Values] = []
        for sku, sold, left in zip(past.skus, past.units, past.closing, strict=True):
            cells = [*blanks, *map(blank, sold[-days:].tolist())]
            cells += [*blanks, *map(blank, left[-days:].tolist())]
            rows.append({"sku": sku, **dict(zip(HISTORY, cells, strict=True))})
        return rows

    def _settled_row(self, sku: str, column: str, name: str) -> Values:
        """A row that was urgent once: its level now, and nothing to do."""
        empty = {c.key: None for c in sheet(name).columns if c.role == "output"}
        well = say("现在够用，无需处理", "enough now, nothing to do")
        return {**empty, **self.named(sku), **owned(name, self.danger(sku)), column: well}

    def alert_rows(self) -> list[Values]:
        """预警: every SKU that is not 正常, most urgent first."""
        urgent = self.frame[self.frame["level"] != AlertLevel.OK]["sku"].tolist()
        settled = [s for s in self.inputs.listed["alert"] if s not in set(urgent)]
        return [self._alert_row(sku) for sku in urgent] + [
            self._settled_row(sku, "reason", "alert") for sku in settled if sku in self.catalogue
        ]

    def _alert_row(self, sku: str) -> Values:
        row = self.alerts[sku]
        return {
            **self.named(sku),
            **self.danger(sku),
            "free": blank(row["free"]),
            "reason": row["reason"],
            "action": row["action"],
            "deadline": moment(row["order_by_at"]),
        }


def by_sku(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the rows of a table by SKU, in its order."""
    return {row["sku"]: row for row in records(frame)}


def copied(row: Mapping[str, Any], names: str) -> dict[str, Cell]:
    """Return the named values of a row as cells."""
    return {name: blank(row[name]) for name in names.split()}


def owned(name: str, cells: Values) -> Values:
    """Return the cells whose columns the sheet has."""
    keys = {c.key for c in sheet(name).columns}
    return {key: value for key, value in cells.items() if key in keys}


def rule_word(rule: str) -> str:
    """Return a rule's name."""
    return str(RULES[rule])


def method_word(method: str) -> str:
    """Return a forecasting method's name."""
    return str(METHODS[method]) if method in METHODS else say("无销量", "no sales")


def problem_rows(problems: Sequence[Problem]) -> list[Values]:
    """问题: one row a problem."""
    return [
        {
            "number": i,
            "sheet": p.where,
            "row": p.row,
            "column": p.column or None,
            "found": p.found,
            "expected": p.expected,
            "fix": p.fix,
        }
        for i, p in enumerate(problems, 1)
    ]


def catalogue(inputs: Inputs, listing: pd.DataFrame) -> pd.DataFrame:
    """Return the workbook's SKUs and, after them, those only the shop or the ledger knows."""
    frame, settings = inputs.catalogue, inputs.settings
    known = set(frame["sku"])
    fresh = listing[~listing["sku"].isin(known)]
    if fresh.empty:
        return frame
    rows = pd.DataFrame(
        {
            "sku": fresh["sku"],
            "name": fresh["name"].where(fresh["name"] != "", fresh["sku"]),
            "category": fresh["category"],
            "supplier": "",
            "price_yuan": fresh["price_fen"] / 100,
            "unit_cost_yuan": math.nan,
            "lead_time_days": float(settings.lead_time_days),
            "lead_time_sd": float(settings.lead_time_sd),
            "emergency_lead_time_hours": math.nan,
            "moq": 1,
            "pack_size": 1,
            "service_level": math.nan,
            "manual_reorder_point": math.nan,
        }
    )
    both = [frame, rows] if len(frame) else [rows]
    return pd.concat(both, ignore_index=True)
