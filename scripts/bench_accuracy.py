"""How good: forecasts, coverage and stock on a real shop, beside the usual methods.

    python3 scripts/bench_accuracy.py                      the order lines in ../shared/data
    python3 scripts/bench_accuracy.py --data FILE.parquet  the same lines elsewhere
    python3 scripts/bench_accuracy.py --kinds              made-up shops of ten kinds

The shop is UCI Online Retail: 541,909 order lines, 373 days. SKUs with at least 60 selling days of
which 15 in the first 120; origins at the last 14, 28, 42 and 56 days; sums over 14 days. Choices
were made on every second SKU (even places in alphabetical order) and on earlier origins (days 196
to 299); what is reported first is the other half, at the last origins.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _venv

if __name__ == "__main__" and Path(sys.prefix) != _venv.VENV:
    python = _venv.ensure("requirements-dev.lock")
    raise SystemExit(subprocess.call([str(python), __file__, *sys.argv[1:]]))

sys.path.insert(0, str(_venv.ROOT))
import _peers
import _shops
import numpy as np
import pandas as pd

from stockbook.domain import prediction, replenish
from stockbook.domain.replenish import Terms

DATA = _venv.ROOT.parent / "shared" / "data" / "uci_online_retail.parquet"
HORIZON, BACK = 14, (14, 28, 42, 56)
OFTEN, EARLY = 60, 15  # selling days in all, and in the first 120
ASKED = (0.90, 0.95, 0.98)
PEERS = ("SeasonalNaive", "MA28", "SES", "CrostonSBA", "AutoETS")


def shop(path: Path) -> np.ndarray:
    """Return (n, 373) units a day of the SKUs of the protocol, in alphabetical order."""
    lines = pd.read_parquet(path)
    good = (
        lines["Quantity"].between(1, 3000)
        & (lines["UnitPrice"] > 0)
        & lines["StockCode"].astype(str).str.fullmatch(r"\d{5}[A-Za-z]?")
        & (lines["InvoiceDate"] < "2011-12-09")
    )
    lines = lines[good].assign(day=lambda frame: frame["InvoiceDate"].dt.normalize())
    daily = lines.pivot_table("Quantity", "StockCode", "day", aggfunc="sum", fill_value=0)
    daily = daily.reindex(columns=pd.date_range("2010-12-01", "2011-12-08"), fill_value=0)
    sold = daily > 0
    kept = (sold.sum(axis=1) >= OFTEN) & (sold.iloc[:, :120].sum(axis=1) >= EARLY)
    return daily[kept].sort_index().to_numpy(np.float32)


def masked(units: np.ndarray) -> np.ndarray:
    """Days before a SKU's first sale are no history."""
    first = (units > 0).argmax(1)
    return np.where(np.arange(units.shape[1]) < first[:, None], np.nan, units).astype(np.float32)


def scores(forecast: np.ndarray, units: np.ndarray, origin: int) -> tuple[float, float, float]:
    """Return RMSSE, WAPE of the sum and bias of (n, 14) forecasts made at an origin."""
    came = units[:, origin : origin + HORIZON]
    steps = (np.diff(units[:, :origin], axis=1) ** 2).mean(1)
    ratio = ((forecast - came) ** 2).mean(1) / np.where(steps > 0, steps, np.nan)
    error = forecast.sum(1) - came.sum(1)
    return (float(np.nanmean(np.sqrt(ratio))), float(np.abs(error).sum() / came.sum()),
            float(error.sum() / came.sum()))  # fmt: skip


def accuracy(units: np.ndarray, part: slice) -> None:
    """Print the table of one part of the SKUs."""
    origins = [units.shape[1] - back for back in BACK]
    print(f"{'method':16}{'RMSSE':>8}{'WAPE of sum':>13}{'bias':>8}")
    for name in PEERS:
        rows = [scores(_peers.run(name, units[part][:, :o], HORIZON)[0], units[part], o)
                for o in origins]  # fmt: skip
        print("{:16}{:8.3f}{:13.3f}{:+8.1%}".format(name, *np.mean(rows, 0)))
    means, covered = ours(units, part)
    print("{:16}{:8.3f}{:13.3f}{:+8.1%}".format("StockBook", *means))
    told = ", ".join(f"{q:.0%} → {c:.1%}" for q, c in zip(ASKED, covered, strict=True))
    print(f"coverage of the sum, asked → reached: {told}")


def ours(units: np.ndarray, part: slice) -> tuple[np.ndarray, np.ndarray]:
    """Return our RMSSE, WAPE and bias, and the coverage reached, means over the origins."""
    rows, inside = [], []
    for origin in [units.shape[1] - back for back in BACK]:
        found = prediction.predict(masked(units)[:, :origin], np.full(len(units), HORIZON))
        rows.append(scores(found.daily(HORIZON).T[part], units[part], origin))
        came = units[:, origin : origin + HORIZON].sum(1)
        inside.append([(came <= found.spread.quantile(found.total, q))[part].mean()
                       for q in ASKED])  # fmt: skip
    return np.mean(rows, 0), np.mean(inside, 0)


def kinds() -> None:
    """Print WAPE of the sum and bias on shops of other kinds, and what was covered."""
    print(f"{'WAPE, bias of the sum':20}" + "".join(f"{n:>16}" for n in ("StockBook", *PEERS))
          + "   covered where " + ", ".join(f"{q:.0%}" for q in ASKED) + " were asked")  # fmt: skip
    for kind in _shops.KINDS:
        units = _shops.shop(kind)
        means, covered = ours(units, slice(None))
        found = [means]
        for name in PEERS:
            rows = [scores(_peers.run(name, units[:, :-back], HORIZON)[0], units,
                           units.shape[1] - back) for back in BACK]  # fmt: skip
            found.append(np.mean(rows, 0))
        told = "".join(f"{wape:9.3f}{bias:+7.1%}" for _, wape, bias in found)
        print(f"{kind:20}{told}   " + ", ".join(f"{c:.1%}" for c in covered), flush=True)


def stock(units: np.ndarray, part: slice) -> None:
    """Print stock in days of demand at two fill rates, weekly review, lead time 7."""
    fills = (0.95, 0.97)
    found = {
        name: [replenish.stock_days_at(points, fill) for fill in fills]
        for name, points in replenish.curves(masked(units)[part], Terms())
    }
    for name, days in found.items():
        print(f"{name:16}" + "".join(f"{d:10.1f}" if d else f"{'never':>10}" for d in days))
    saved = [1 - a / b for a, b in zip(found["quantile"], found["days"], strict=True) if a and b]
    print("less stock than N days of sales: " + ", ".join(f"{s:.1%}" for s in saved))


def main(arguments: list[str]) -> int:
    """Print accuracy, coverage and stock for the reported half, then for all SKUs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--kinds", action="store_true", help="made-up shops instead")
    chosen = parser.parse_args(arguments)
    if chosen.kinds:
        kinds()
        return 0
    path = chosen.data
    if not path.is_file():
        print(f"{path} is not there: give the order lines with --data", file=sys.stderr)
        return 1
    units = shop(path)
    parts = {"SKUs not chosen on (odd places)": slice(1, None, 2), "all SKUs": slice(None)}
    for name, part in parts.items():
        print(f"\n{name}: {len(units[part]):,}; mean over the last 4 origins, 14 days")
        accuracy(units, part)
        print(f"\nstock at {'95 %':>11}{'97 %':>10} fill; days of demand, {name}")
        stock(units, part)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
