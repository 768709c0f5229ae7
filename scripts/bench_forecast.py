"""How fast: every kernel and the whole plan, beside statsforecast in the same run.

    python3 scripts/bench_forecast.py            10,000 SKUs × 730 days, and 100,000 × 365
    python3 scripts/bench_forecast.py --small    a tenth of both

Peers run on 1,000 of the series, one process, one after the other, as they are made; figures are
seconds per 1,000 series and ratios to them.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _venv

if __name__ == "__main__" and Path(sys.prefix) != _venv.VENV:
    python = _venv.ensure("requirements-dev.lock")
    raise SystemExit(subprocess.call([str(python), __file__, *sys.argv[1:]]))

sys.path.insert(0, str(_venv.ROOT))
import _peers
import numpy as np

from stockbook.domain import kernels, kernels_intermittent, prediction
from stockbook.domain.kernels import Days

PEER_SERIES = 1000
AUTO_ETS_SERIES = 200
SPIKES = 0.004  # share of days


def series(n: int, days: int, seed: int = 0) -> np.ndarray:
    """Return (n, days) synthetic daily sales: weekly cycle, a third of zeros, spikes, drift."""
    random = np.random.default_rng(seed)
    mean = np.exp(random.normal(0.5, 1.4, n))[:, None].astype(np.float32)
    week = np.exp(random.normal(0, 0.25, (n, 7))).astype(np.float32)
    level = mean * week[:, np.arange(days) % 7]
    level *= np.exp(np.cumsum(random.normal(0, 0.01, (n, days)).astype(np.float32), 1))
    units = random.poisson(level * random.gamma(1.5, 1 / 1.5, (n, days))).astype(np.float32)
    spike = random.random((n, days)) < SPIKES
    units[spike] += np.ceil(10 * np.broadcast_to(mean, units.shape)[spike])
    return units


def timed(do: Callable[[], object]) -> float:
    """Return the seconds of the best of two runs."""
    best = np.inf
    for _ in range(2):
        started = time.perf_counter()
        do()
        best = min(best, time.perf_counter() - started)
    return float(best)


def whole_plan(units: np.ndarray) -> None:
    """All methods, backtest, choice, and levels over 14 days."""
    for block in prediction.blocks(len(units)):
        part = units[block]
        found = prediction.predict(part, np.full(len(part), 14))
        protection = np.full(len(part), 14.0)
        found.covering(protection, np.full(len(part), 0.95), np.zeros(len(part)))


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    small = parser.parse_args(arguments).small
    some, many = (1000, 10_000) if small else (10_000, 100_000)
    units = series(some, 730)
    few = units[:PEER_SERIES]
    auto = _peers.run("AutoETS", few[:AUTO_ETS_SERIES], 14)[1] / AUTO_ETS_SERIES * 1000
    print(f"AutoETS(7,'ANA') of statsforecast: {auto:.2f} s per 1,000 series of 730 days")
    days, at = Days.of(units), [730]
    ours = {
        "WMA-28": (lambda: kernels.moving_average(days, at), "MA28"),
        "SES, 12 alphas": (lambda: kernels.ses(days, at), "SES"),
        "DOW-SES, 12 alphas": (lambda: kernels.dow_ses(days, at), ""),
        "Holt-Winters, 24 pairs": (lambda: kernels.holt_winters(days, at), ""),
        "Croston-SBA": (lambda: kernels_intermittent.croston_sba(days, at), "CrostonSBA"),
        "TSB, 1 pair": (lambda: kernels_intermittent.tsb(days, at, (0.1,), (0.1,)), "TSB"),
        "TSB, 25 pairs": (lambda: kernels_intermittent.tsb(days, at), ""),
    }
    print(f"{'kernel':24}{'s per 1,000':>12}{'× AutoETS':>12}{'peer':>12}{'ours/peer':>12}")
    for name, (do, peer) in ours.items():
        seconds = timed(do) / some * 1000
        other = _peers.run(peer, few, 14)[1] if peer else 0
        beside = f"{other:12.3f}{seconds / other:12.2f}" if peer else ""
        print(f"{name:24}{seconds:12.4f}{auto / seconds:12,.0f}{beside}")
    seconds = timed(lambda: whole_plan(units))
    times = auto * some / 1000 / seconds
    print(f"whole plan, {some:,} × 730 (8 methods, backtest, choice, levels): {seconds:.1f} s,")
    print(f"  {times:,.0f} × faster than AutoETS alone (targets 5 s, 20 ×)")
    large = series(many, 365, seed=1)
    started = time.perf_counter()
    whole_plan(large)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    took = time.perf_counter() - started
    print(f"whole plan, {many:,} × 365: {took:.1f} s, at most {peak:.2f} GB (targets 30 s, 1.5 GB)")


if __name__ == "__main__":
    main(sys.argv[1:])
