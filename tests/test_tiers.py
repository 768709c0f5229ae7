"""The larger tiers are taken where they are clearly better, and leave everything else alone."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from stockbook import tiers
from stockbook.domain.demand import DemandHistory
from stockbook.domain.guide import Guide
from stockbook.domain.tables import CATALOGUE


def history(units):
    units = np.asarray(units, np.float32)
    ones = np.ones_like(units)
    since = np.zeros(len(units), np.int64)
    skus = tuple(f"s{k}" for k in range(len(units)))
    return DemandHistory(skus, date(2025, 1, 1), units, ones, since, ones[:, 0], ones)


def catalogue(n):
    blank = {c: 1 if kind == "int64" else np.nan if kind == "float64" else ""
             for c, kind in CATALOGUE.columns.items()}  # fmt: skip
    prices = [1000.0] + [10.0] * (n - 1)
    return CATALOGUE.make([blank | {"sku": f"s{k}", "price_yuan": p} for k, p in enumerate(prices)])


@pytest.fixture(scope="module")
def mixed():
    """A dear SKU whose steep trend smoothing lags behind, and five cheap ones of plain noise."""
    random = np.random.default_rng(1)
    trend = random.poisson(5 + 0.4 * np.arange(300))
    noise = random.poisson(300, (5, 300))
    return history(np.concatenate([trend[None], noise]))


def improved(past, tier, guide=None, seconds=60.0):
    n = len(past.skus)
    return tiers.improved(past, catalogue(n), guide or Guide.none(n), tier=tier, seconds=seconds)


def test_the_small_tier_changes_nothing(mixed):
    assert np.isnan(improved(mixed, "small").given).all()


def test_a_time_series_model_is_taken_for_the_sku_that_it_forecasts_better(mixed):
    found = improved(mixed, "time_series")
    assert found.name[0] in ("ets", "sarimax")
    assert found.given[0] == pytest.approx(5 + 0.4 * 307, rel=0.1)
    assert (found.name[1:] == "").sum() >= 4


def test_what_a_person_chose_is_left_alone(mixed):
    guide = Guide.none(6)
    guide.method[0] = -1
    assert np.isnan(improved(mixed, "time_series", guide).given[0])


def test_without_time_nothing_changes(mixed):
    found = improved(mixed, "time_series", seconds=0.0)
    assert (found.name == "").all()


def test_the_learned_model_is_tried_on_all_and_bounded_by_sense(mixed):
    found = improved(mixed, "ml")
    taken = found.given[found.name == "ml"]
    assert np.isfinite(taken).all()
    assert (taken >= 0).all()
    short = history(np.ones((3, 60)))
    assert (improved(short, "ml").name == "").all()


def test_an_unknown_tier_is_refused():
    with pytest.raises(ValueError, match="tier"):
        improved(history(np.ones((1, 200))), "huge")
    assert isinstance(catalogue(1), pd.DataFrame)
