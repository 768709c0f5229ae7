"""The textbook models against stockpyl 1.0 on many random shops (development only)."""

import warnings

import numpy as np
import pytest

from stockbook.domain import loss, lot_sizing, min_max_policies, newsvendor, reorder_policies

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its docstrings hold escapes that Python warns of
    from stockpyl import eoq, loss_functions, rq, ss
    from stockpyl import newsvendor as nv
    from stockpyl import wagner_whitin as ww

pytestmark = pytest.mark.filterwarnings("ignore")
SHOPS = 60


def shops(seed, count=SHOPS):
    """Costs and demand of random shops: slow and fast sellers, cheap and dear shortages."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        holding = float(rng.uniform(0.05, 5))
        mean = float(10 ** rng.uniform(0, 3.5))
        yield {
            "mean": mean,
            "sd": mean * float(rng.uniform(0.05, 0.9)),
            "h": holding,
            "p": holding * float(10 ** rng.uniform(0.3, 2)),
            "K": float(10 ** rng.uniform(0, 3)),
            "L": float(rng.uniform(0.02, 3)),
            "rng": rng,
        }


def same(*expected, rel=1e-6):
    return pytest.approx(expected, rel=rel, abs=1e-6)


def test_loss_functions():
    for shop in shops(1):
        level = shop["mean"] + 2 * shop["sd"] * float(shop["rng"].normal())
        terms = (level, shop["mean"], shop["sd"])
        found = (loss.normal_loss(*terms), loss.normal_second_loss(*terms))
        assert found == same(
            loss_functions.normal_loss(*terms)[0], loss_functions.normal_second_loss(*terms)[0]
        )
        units, mean = int(level), shop["mean"]
        assert float(loss.poisson_loss(units, mean)) == pytest.approx(
            loss_functions.poisson_loss(units, mean)[0], rel=1e-6, abs=1e-6
        )


def test_economic_order_quantity():
    for shop in shops(2):
        found = lot_sizing.economic_order_quantity(
            shop["mean"], fixed_cost=shop["K"], holding_cost=shop["h"]
        )
        assert found == same(*eoq.economic_order_quantity(shop["K"], shop["h"], shop["mean"]))


def test_economic_order_quantity_with_backorders():
    for shop in shops(3):
        found = lot_sizing.economic_order_quantity_with_backorders(
            shop["mean"], fixed_cost=shop["K"], holding_cost=shop["h"], stockout_cost=shop["p"]
        )
        assert found == same(
            *eoq.economic_order_quantity_with_backorders(
                shop["K"], shop["h"], shop["p"], shop["mean"]
            )
        )


def test_economic_order_quantity_with_discounts():
    for shop in shops(4):
        rng, tiers = shop["rng"], int(shop["rng"].integers(1, 5))
        starts = [0, *np.cumsum(rng.integers(1, 400, tiers - 1)).tolist()]
        prices = np.sort(rng.uniform(1, 3, tiers))[::-1].tolist()
        found = lot_sizing.economic_order_quantity_with_discounts(
            shop["mean"], fixed_cost=shop["K"], holding_rate=0.3,
            tiers=list(zip(starts, prices, strict=True)),
        )  # fmt: skip
        quantity, tier, cost = eoq.economic_order_quantity_with_all_units_discounts(
            shop["K"], 0.3, shop["mean"], starts, prices
        )
        assert found == same(quantity, prices[tier], cost)


def test_wagner_whitin():
    for shop in shops(5):
        rng = shop["rng"]
        demand = (rng.integers(0, 120, int(rng.integers(1, 16))) * rng.integers(0, 2)).tolist()
        found = lot_sizing.wagner_whitin(demand, fixed_cost=shop["K"], holding_cost=shop["h"])
        orders, cost, *_ = ww.wagner_whitin(len(demand), shop["h"], shop["K"], demand)
        assert found.cost == pytest.approx(float(cost), rel=1e-9)
        assert found.orders == pytest.approx([float(q) for q in orders[1:]])


def test_newsvendor_with_normal_demand():
    for shop in shops(6):
        periods = int(shop["rng"].integers(0, 5))
        found = newsvendor.newsvendor_normal(
            shop["mean"], shop["sd"], holding_cost=shop["h"], stockout_cost=shop["p"],
            lead_time=periods,
        )  # fmt: skip
        assert found == same(
            *nv.newsvendor_normal(shop["h"], shop["p"], shop["mean"], shop["sd"], periods)
        )


def test_newsvendor_with_poisson_demand():
    for shop in shops(7):
        found = newsvendor.newsvendor_poisson(
            shop["mean"], holding_cost=shop["h"], stockout_cost=shop["p"]
        )
        assert found == same(*nv.newsvendor_poisson(shop["h"], shop["p"], shop["mean"]))


def test_min_max_exact():
    for shop in shops(8, 50):
        mean, fixed = min(shop["mean"], 20.0) ** 0.8, shop["h"] * float(shop["rng"].uniform(1, 60))
        found = min_max_policies.poisson_min_max(
            mean, fixed_cost=fixed, holding_cost=shop["h"], stockout_cost=shop["p"]
        )
        assert found == same(*ss.s_s_discrete_exact(shop["h"], shop["p"], fixed, True, mean))


def test_min_max_power_approximation():
    for shop in shops(9):
        found = min_max_policies.power_approximation(
            shop["mean"], shop["sd"], fixed_cost=shop["K"], holding_cost=shop["h"],
            stockout_cost=shop["p"],
        )  # fmt: skip
        assert found == same(
            *ss.s_s_power_approximation(shop["h"], shop["p"], shop["K"], shop["mean"], shop["sd"])
        )


def reorder_terms(shop):
    ours = {
        "lead_time": shop["L"], "fixed_cost": shop["K"], "holding_cost": shop["h"],
        "stockout_cost": shop["p"],
    }  # fmt: skip
    theirs = (shop["h"], shop["p"], shop["K"], shop["mean"], shop["sd"], shop["L"])
    return (shop["mean"], shop["sd"]), ours, theirs


def test_best_reorder_point():
    for shop in shops(10):
        demand, ours, (h, p, _, *rest) = reorder_terms(shop)
        quantity = float(shop["mean"] * shop["rng"].uniform(0.1, 3))
        ours.pop("fixed_cost")
        found = reorder_policies.best_reorder_point(quantity, *demand, **ours)
        expected = rq.r_q_optimal_r_for_q(quantity, h, p, *rest, tol=1e-9 * shop["mean"] * h)
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6 * shop["mean"])


def test_expected_inventory_level_policy():
    compared = 0
    for shop in shops(11, 80):
        demand, ours, theirs = reorder_terms(shop)
        try:
            found = reorder_policies.expected_inventory_level_policy(*demand, **ours)
        except ValueError:
            continue  # shortages too cheap: stockpyl answers NaN
        assert found == same(*rq.r_q_eil_approximation(*theirs), rel=1e-5)
        compared += 1
    assert compared >= 50


def test_economic_order_safety_stock():
    for shop in shops(12):
        demand, ours, theirs = reorder_terms(shop)
        found = reorder_policies.economic_order_safety_stock(*demand, **ours)
        assert found == same(*rq.r_q_eoqss_approximation(*theirs))


def test_loss_function_policy():
    for shop in shops(13, 50):
        demand, ours, theirs = reorder_terms(shop)
        found = reorder_policies.loss_function_policy(*demand, **ours)
        assert found == same(*rq.r_q_loss_function_approximation(*theirs), rel=1e-5)
