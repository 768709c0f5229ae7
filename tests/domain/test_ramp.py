"""New products: curves of past launches, analogues, and intervals that narrow with data."""

from itertools import pairwise

import numpy as np
import pytest

from stockbook.domain.ramp import FLAT, WEEKS, Analogue, analogues, ramp, ramp_curves
from stockbook.domain.tables import RAMP
from tests.domain.promotional import history
from tests.domain.test_factors import override

GROWS = np.minimum(0.25 + 0.15 * np.arange(60), 1.0)  # by week since the first sale


def launches(starts, *, days=240, level=20.0, seed=0, grows=GROWS):
    """SKUs that first sell on those days; None sells all the time, `days` never."""
    rng = np.random.default_rng(seed)
    rate = np.full((len(starts), days), level)
    for i, start in enumerate(starts):
        if start is not None:
            rate[i] = 0
            rate[i, start:] = level * grows[np.arange(days - start) // 7]
    units = rng.poisson(rate).astype(np.float32)
    for i, start in enumerate(starts):
        if start is not None and start < days:
            units[i, start] = max(units[i, start], 1)
    return history(units, tuple(f"s{i:03d}" for i in range(len(starts))))


def only(found, sku):
    return found.set_index("sku").loc[sku]


def test_the_curve_of_a_category_is_the_median_of_its_launches():
    past = launches([20, 30, 40, 50, 60, None, None])
    curve = ramp_curves(past, ["伞"] * 7)["伞"]
    assert curve.launches == 5
    assert curve.share[:6] == pytest.approx(GROWS[:6], abs=0.1)
    assert curve.share[8:] == pytest.approx(np.ones(4), abs=0.1)


def test_a_category_with_too_few_launches_follows_the_shop_and_a_shop_stays_flat():
    past = launches([20, 30, 40, 50, None])
    curves = ramp_curves(past, ["伞", "伞", "伞", "帽", "帽"])
    assert curves["帽"] is curves[""]
    assert curves[""].launches == 4
    assert ramp_curves(launches([20, None]), ["伞", "伞"])["伞"] is FLAT


def test_req_18_a_new_sku_borrows_its_analogue_with_a_wide_interval():
    past = launches([None, 240, 239, 200])
    like = {s: Analogue("s000", 0.5) for s in ("s001", "s002", "s003")}
    found = ramp(past, [""] * 4, like)
    RAMP.check(found)
    never, day, weeks = (only(found, s) for s in ("s001", "s002", "s003"))
    assert never.level == pytest.approx(10, rel=0.15)
    assert (never.age_days, never.own_weight, never.source) == (0, 0, "s000")
    assert never.level_sd == pytest.approx(0.5 * never.level)
    assert never.spread_factor > day.spread_factor > weeks.spread_factor > 1
    assert "参照 s000 ×0.5" in never.why


def test_the_interval_narrows_and_the_analogue_fades_with_every_day():
    like = {"s001": Analogue("s000", 3.0)}
    found = [only(ramp(launches([None, 240 - n], grows=np.ones(60)), ["", ""], like), "s001")
             for n in (1, 7, 14, 28, 55)]  # fmt: skip
    for before, after in pairwise(found):
        assert after.own_weight > before.own_weight
        assert after.spread_factor < before.spread_factor
        assert after.level_sd / after.level < before.level_sd / before.level
    assert found[2].own_weight == 0.5
    assert found[0].level > 50
    assert found[-1].level < 32


def test_early_days_are_seen_by_the_curve_of_the_category():
    past = launches([20, 30, 40, 50, 60, 226])
    found = only(ramp(past, ["伞"] * 6, {}), "s005")
    assert found.age_days == 14
    coming = 20 * GROWS[2:4].mean()
    assert found.level == pytest.approx(coming, rel=0.3)
    assert found.source == ""
    assert "爬坡按 5 个同类" in found.why


def test_a_sku_that_sold_from_the_start_of_the_history_is_not_new():
    past = launches([None, 3, 100], days=140)
    assert ramp(past, [""] * 3, {})["sku"].tolist() == ["s002"]
    assert ramp(launches([None, 140], days=140), ["", ""], {}).empty


def test_an_analogue_that_nobody_knows_is_no_analogue():
    past = launches([None, 240, 230])
    like = {"s001": Analogue("gone", 1.0), "s002": Analogue("gone", 1.0)}
    found = ramp(past, [""] * 3, like)
    assert found["sku"].tolist() == ["s002"]
    assert only(found, "s002").source == ""


def test_analogues_come_from_what_people_entered():
    assert analogues(override(analogue="A", analogue_factor=1.5)) == {"s000": Analogue("A", 1.5)}
    assert analogues(override()) == {}


def test_launches_without_a_settled_sale_make_no_curve():
    past = launches([20, 30, 40], level=0.0)
    assert ramp_curves(past, ["伞"] * 3)["伞"] is FLAT
    assert len(FLAT.share) == WEEKS
