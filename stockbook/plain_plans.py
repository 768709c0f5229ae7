"""Forecast, levels and simulation of a plain history: tables in, tables out."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from stockbook.domain import forecast as forecasting
from stockbook.domain import levels as level_rules
from stockbook.domain import prediction, replenish
from stockbook.domain.demand import DemandHistory
from stockbook.domain.language import say
from stockbook.domain.replenish import Point, Terms
from stockbook.domain.tables import CATALOGUE
from stockbook.plain import History, Progress
from stockbook.plain_file import HistoryError


def forecast(
    history: History, *, days: int, quantiles: Sequence[float], progress: Progress
) -> tuple[pa.Table, pd.DataFrame]:
    """Return the daily forecast and the totals over all of its days.

    Returns:
        Columns `sku, date, mean, method`, one row a SKU and day; and one row a SKU: `sku, method,
        total_mean, total_q…, backtest_wape, naive_wape, bias`.
    """
    demand, dailies, all_totals = history.demand, [], []
    dates = np.array([history.last_day + timedelta(days=k + 1) for k in range(days)], "M8[D]")
    for part in parts(demand, say("已预测", "forecast"), progress):
        n = len(part.skus)
        found = prediction.predict(
            part.masked(), np.full(n, days), judged=max(days, prediction.JUDGED)
        )
        dailies.append(
            pa.table(
                {
                    "sku": np.repeat(np.array(part.skus, object), days),
                    "date": pa.array(np.tile(dates, n)),
                    "mean": np.ascontiguousarray(found.daily(days).T).ravel(),
                    "method": np.repeat(found.method.astype(object), days),
                }
            )
        )
        all_totals.append(_totals(part.skus, found, quantiles))
    return pa.concat_tables(dailies), pd.concat(all_totals, ignore_index=True)


def parts(demand: DemandHistory, done: str, progress: Progress) -> Iterator[DemandHistory]:
    """Yield a history in blocks of SKUs, telling how many are done."""
    for block in prediction.blocks(len(demand.skus)):
        yield demand.some(block)
        progress(f"{done} {block.stop:,} / {len(demand.skus):,}")


def _totals(
    skus: Sequence[str], found: prediction.Prediction, quantiles: Sequence[float]
) -> pd.DataFrame:
    totals = {"sku": list(skus), "method": found.method, "total_mean": found.total}
    for quantile in quantiles:
        totals[label(quantile)] = found.spread.quantile(found.total, quantile)
    errors = {
        "backtest_wape": found.choice.wape,
        "naive_wape": found.choice.naive_wape,
        "bias": found.choice.bias,
    }
    return pd.DataFrame(totals | errors)


def label(quantile: float) -> str:
    """Return the column of a quantile.

    Example:
        >>> label(0.9), label(0.975)
        ('total_q0.90', 'total_q0.975')
    """
    return f"total_q{quantile:.2f}" if round(quantile, 2) == quantile else f"total_q{quantile:g}"


BLANK = {"name": "", "category": "", "supplier": "", "price_yuan": math.nan,
         "unit_cost_yuan": math.nan, "emergency_lead_time_hours": math.nan, "moq": 1,
         "pack_size": 1, "manual_reorder_point": math.nan}  # fmt: skip
LEVEL_COLUMNS = ["sku", "rule", "demand_mean", "demand_sd", "lead_time_days", "protection_days",
                 "service_level", "safety_stock", "reorder_point", "order_up_to",
                 "stockout_rate"]  # fmt: skip


def levels(
    history: History,
    *,
    lead_time: float,
    lead_time_sd: float,
    review: float,
    service: float,
    rule: str,
    progress: Progress,
) -> pd.DataFrame:
    """Return one row a SKU, `LEVEL_COLUMNS`: see `stockbook.domain.levels.levels`."""
    terms = {
        "lead_time_days": lead_time,
        "lead_time_sd": lead_time_sd,
        "service_level": service,
    }
    tables = []
    for part in parts(history.demand, say("已计算", "computed"), progress):
        same = {column: [value] * len(part.skus) for column, value in (BLANK | terms).items()}
        catalogue = CATALOGUE.make({"sku": list(part.skus), **same})
        expected = forecasting.forecast(part, lead_time + review)
        found = level_rules.levels(expected, catalogue, rule=rule, review_days=review)
        tables.append(found[LEVEL_COLUMNS])
    return pd.concat(tables, ignore_index=True)


def simulate(
    history: History, terms: Terms, fills: Sequence[float], progress: Progress
) -> dict[str, Any]:
    """Return what each policy costs and delivers on the history.

    Returns:
        `{"policies": {name: {"curve": [[asked, fill_rate, stock_days], …],
        "stock_days_at_fill": {"0.95": days or None}}}}`

    Raises:
        HistoryError: The history is not longer than the burn-in.
    """
    length = history.demand.units.shape[1]
    if length <= terms.burn_in:
        raise HistoryError(
            say(f"历史只有 {length} 天，要比 --burn-in {terms.burn_in} 天长；请给更长的历史，"
                "或改小 --burn-in",
                f"the history has {length} days, more than --burn-in {terms.burn_in} are "
                "expected; give a longer history or a smaller --burn-in")
        )  # fmt: skip
    curves: dict[str, list[list[Point]]] = {}
    for part in parts(history.demand, say("已试算", "tried"), progress):
        for name, points in replenish.curves(part.masked(), terms):
            curves.setdefault(name, []).append(points)
    policies = {}
    for name, parted in curves.items():
        points = [replenish.joined(at) for at in zip(*parted, strict=True)]
        policies[name] = {
            "curve": [[p.asked, round(p.fill_rate, 6), round(p.stock_days, 4)] for p in points],
            "stock_days_at_fill": {
                str(fill): replenish.stock_days_at(points, fill) for fill in fills
            },
        }
    return {"policies": policies}


def write(table: pa.Table | pd.DataFrame, path: Path) -> Path:
    """Write a table as its name says: Parquet, or CSV for `.csv`."""
    stored = (
        table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".csv":
        pacsv.write_csv(stored, path)
    else:
        pq.write_table(stored, path)
    return path


def totals_path(path: Path) -> Path:
    """Return where the totals go that belong to a forecast.

    Example:
        >>> totals_path(Path("out.parquet")).name
        'out.totals.parquet'
    """
    return path.with_name(f"{path.stem}.totals{path.suffix}")


def write_json(value: dict[str, Any], path: Path) -> Path:
    """Write a result as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")
    return path
