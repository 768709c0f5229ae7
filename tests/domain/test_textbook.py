"""The textbook models against the answers that their books print."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stockbook.domain import loss, lot_sizing, min_max_policies, newsvendor, reorder_policies


def near(*expected):
    return pytest.approx(expected, rel=1e-4, abs=1e-4)


# Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., example 3.1
def test_economic_order_quantity():
    lot = lot_sizing.economic_order_quantity(1300, fixed_cost=8, holding_cost=0.225)
    assert lot == near(304.0468, 68.4105)


# ibid., example 3.8
def test_economic_order_quantity_with_backorders():
    lot = lot_sizing.economic_order_quantity_with_backorders(
        1300, fixed_cost=8, holding_cost=0.225, stockout_cost=5
    )
    assert lot == near(310.8126, 0.0430622, 66.9214)


# ibid., example 3.6
def test_economic_order_quantity_with_all_units_discounts():
    lot = lot_sizing.economic_order_quantity_with_discounts(
        1300, fixed_cost=8, holding_rate=0.3, tiers=((0, 0.75), (400, 0.72), (800, 0.68))
    )
    assert lot == near(800, 0.68, 978.60)


# ibid., example 3.9
def test_wagner_whitin():
    plan = lot_sizing.wagner_whitin([90, 120, 80, 70], fixed_cost=500, holding_cost=2)
    assert plan == ((210, 0, 150, 0), 1380)


# ibid., example 4.3
def test_newsvendor_with_normal_demand():
    stock = newsvendor.newsvendor_normal(50, 8, holding_cost=0.18, stockout_cost=0.70)
    assert stock == near(56.6040, 1.99761)


# ibid., example 4.4: lead time 4
def test_newsvendor_with_a_lead_time():
    stock = newsvendor.newsvendor_normal(50, 8, holding_cost=0.18, stockout_cost=0.70, lead_time=4)
    assert stock == near(264.7669, 4.46678)


# ibid., example 4.7, without the fixed cost
def test_newsvendor_with_poisson_demand():
    stock = newsvendor.newsvendor_poisson(6, holding_cost=1, stockout_cost=4)
    assert stock == near(8, 3.57011)


# ibid., example 4.7
def test_min_max_exact():
    policy = min_max_policies.poisson_min_max(6, fixed_cost=5, holding_cost=1, stockout_cost=4)
    assert policy == near(4, 10, 8.03411)


# ibid., example 4.8
def test_min_max_power_approximation():
    policy = min_max_policies.power_approximation(
        50, 8, fixed_cost=2.5, holding_cost=0.18, stockout_cost=0.70
    )
    assert policy == near(40.1946, 74.2902)


# Zheng & Federgruen (1991), Operations Research 39(4), their table for K 64, h 1, p 9
@pytest.mark.parametrize(
    ("mean", "point", "up_to", "cost"),
    [(10, 6, 40, 35.022), (25, 19, 56, 54.262), (75, 67, 86, 79.554)],
)
def test_min_max_exact_of_zheng_and_federgruen(mean, point, up_to, cost):
    policy = min_max_policies.poisson_min_max(mean, fixed_cost=64, holding_cost=1, stockout_cost=9)
    assert policy[:2] == (point, up_to)
    assert policy.cost == pytest.approx(cost, abs=5e-4)  # the paper prints three decimals


SOAP = {"lead_time": 1 / 12, "holding_cost": 0.225, "stockout_cost": 7.5}


# Snyder & Shen, example 5.1 and 5.2
def test_expected_inventory_level_approximation():
    policy = reorder_policies.expected_inventory_level_policy(1300, 150, fixed_cost=8, **SOAP)
    assert policy == near(213.9704, 318.5902, 95.4511)


# ibid., example 5.5
def test_eoq_and_safety_stock():
    policy = reorder_policies.economic_order_safety_stock(1300, 150, fixed_cost=8, **SOAP)
    assert policy == near(190.3370, 304.0468)


# ibid., example 5.6
def test_loss_function_approximation():
    policy = reorder_policies.loss_function_policy(1300, 150, fixed_cost=8, **SOAP)
    assert policy == near(126.8671, 328.4491)


# ibid., example 5.2: r(300), as printed by stockpyl 1.0.2
def test_the_best_reorder_point_for_an_order_quantity():
    point = reorder_policies.best_reorder_point(300, 1300, 150, **SOAP)
    assert point == pytest.approx(129.4273, rel=1e-4)


# ---- rules that hold whatever the numbers


def test_wagner_whitin_equals_brute_force():
    rng = np.random.default_rng(3)
    for _ in range(20):
        demand = rng.integers(0, 60, 7).tolist()
        best = min(
            _plan_cost(demand, (True, *later), 100, 3)
            for later in itertools.product((False, True), repeat=6)
        )
        found = lot_sizing.wagner_whitin(demand, fixed_cost=100, holding_cost=3)
        assert found.cost == pytest.approx(best)
        assert sum(found.orders) == sum(demand)


def _plan_cost(demand, ordering, fixed, holding):
    """Each period with `ordering` orders what is asked until the next such period."""
    cost, since = 0, 0
    starts = [t for t, orders in enumerate(ordering) if orders]
    for t, units in enumerate(demand):
        since = max(s for s in starts if s <= t)
        cost += holding * (t - since) * units
    for start, end in zip(starts, [*starts[1:], len(demand)], strict=True):
        cost += fixed if sum(demand[start:end]) else 0
    return cost


@pytest.mark.parametrize(
    ("mean", "fixed", "lead_time"), [(0.3, 2.0, 0), (3, 10.0, 0), (8, 1.0, 0), (2, 6.0, 3)]
)
def test_no_min_max_pair_in_reach_is_cheaper_than_the_exact_one(mean, fixed, lead_time):
    policy = min_max_policies.poisson_min_max(
        mean, fixed_cost=fixed, holding_cost=1, stockout_cost=5, lead_time=lead_time
    )
    costs = {
        (s, up_to): _min_max_cost(s, up_to, mean, fixed, lead_time)
        for s, up_to in itertools.product(range(-8, 14), range(-7, 30))
        if s < up_to
    }
    assert costs[policy[:2]] == pytest.approx(policy.cost)
    assert min(costs.values()) == pytest.approx(policy.cost)


def _min_max_cost(s, up_to, mean, fixed, lead_time):
    """Cost of an (s, S) policy by its steady state: the chain of stock after ordering."""
    states = np.arange(up_to, s, -1)
    step = stats.poisson.pmf(states[:, None] - states[None, :], mean)  # row: from, column: to
    order = 1 - step.sum(1)
    chain = step.copy()
    chain[:, 0] += order
    steady = np.linalg.lstsq(
        np.vstack([chain.T - np.eye(len(states)), np.ones(len(states))]),
        np.append(np.zeros(len(states)), 1),
        rcond=None,
    )[0]
    costs = newsvendor.poisson_cost(states, mean * (lead_time + 1), 1, 5)
    return float(steady @ (costs + fixed * order))


def test_known_demand_needs_no_safety():
    assert newsvendor.newsvendor_normal(50, 0, holding_cost=1, stockout_cost=9) == (50, 0)
    assert newsvendor.newsvendor_poisson(0, holding_cost=1, stockout_cost=9) == (0, 0)
    quantity = reorder_policies.loss_function_policy(
        100, 0, lead_time=1, fixed_cost=50, holding_cost=1, stockout_cost=4
    ).quantity
    backorders = lot_sizing.economic_order_quantity_with_backorders(
        100, fixed_cost=50, holding_cost=1, stockout_cost=4
    )
    assert quantity == pytest.approx(backorders.quantity)


@given(st.floats(0.01, 1e4), st.floats(0.01, 1e4), st.floats(0.01, 1e4))
def test_no_other_quantity_costs_less_than_the_eoq(demand, fixed, holding):
    lot = lot_sizing.economic_order_quantity(demand, fixed_cost=fixed, holding_cost=holding)
    for factor in (0.5, 0.99, 1.01, 2):
        other = lot.quantity * factor
        assert fixed * demand / other + holding * other / 2 >= lot.cost * (1 - 1e-9)


def test_a_far_level_is_hardly_ever_short_but_never_negatively():
    assert 0 < loss.normal_loss(1000, 0, 30) < 1e-12
    assert loss.normal_loss(-1000, 0, 30) == pytest.approx(1000)


def test_a_price_tier_is_taken_only_where_it_pays():
    terms = {"fixed_cost": 8, "holding_rate": 0.3}
    far = lot_sizing.economic_order_quantity_with_discounts(
        1300, tiers=((0, 0.75), (20_000, 0.74)), **terms
    )
    assert far.unit_cost == 0.75
    assert far.quantity == pytest.approx(math.sqrt(2 * 8 * 1300 / 0.225))


@pytest.mark.parametrize(
    "tiers", [(), ((5, 1.0),), ((0, 1.0), (10, 1.1)), ((0, 1.0), (0, 0.9)), ((0, 0.0),)]
)
def test_nonsense_tiers_are_refused(tiers):
    with pytest.raises(ValueError, match=r"tiers must|price must"):
        lot_sizing.economic_order_quantity_with_discounts(
            1300, fixed_cost=8, holding_rate=0.3, tiers=tiers
        )


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_nonsense_costs_are_refused(value):
    with pytest.raises(ValueError, match="holding_cost must be a finite number > 0"):
        newsvendor.newsvendor_normal(50, 8, holding_cost=value, stockout_cost=1)
    with pytest.raises(ValueError, match="fixed_cost must be a finite number > 0"):
        min_max_policies.poisson_min_max(6, fixed_cost=value, holding_cost=1, stockout_cost=4)


def test_shortages_too_cheap_for_any_reorder_point_are_said():
    with pytest.raises(ValueError, match=r"stockout_cost 0\.01 is too low"):
        reorder_policies.expected_inventory_level_policy(
            1300, 150, lead_time=1 / 12, fixed_cost=8, holding_cost=0.225, stockout_cost=0.01
        )


# ---- service level by economics, ABC and XYZ


def test_req_11_a_dearer_shortage_asks_for_a_higher_service_level():
    def level(margin, penalty=0.0, holding=1.0):
        return newsvendor.economic_service_level(margin, penalty_yuan=penalty, holding_yuan=holding)

    assert level(4) == pytest.approx(0.8)
    assert level(4) < level(9) < level(9, penalty=5)
    assert level(9) > level(9, holding=2)


def test_the_service_level_stays_within_its_bounds():
    assert newsvendor.economic_service_level(1, penalty_yuan=0, holding_yuan=9) == 0.80
    assert newsvendor.economic_service_level(1e6, penalty_yuan=0, holding_yuan=0.01) == 0.995
    assert newsvendor.economic_service_level(-2, penalty_yuan=5, holding_yuan=0.3) == pytest.approx(
        3 / 3.3
    )


@pytest.mark.parametrize(
    ("margin", "terms", "words"),
    [
        (-5, {"penalty_yuan": 5, "holding_yuan": 1}, "a unit short costs"),
        (math.nan, {"penalty_yuan": 5, "holding_yuan": 1}, "a unit short costs"),
        (5, {"penalty_yuan": -1, "holding_yuan": 1}, "penalty_yuan must be"),
        (5, {"penalty_yuan": 1, "holding_yuan": 0}, "holding_cost must be"),
        (5, {"penalty_yuan": 1, "holding_yuan": 1, "lowest": 0.9, "highest": 0.8}, "bounds must"),
        (5, {"penalty_yuan": 1, "holding_yuan": 1, "highest": 1.0}, "bounds must"),
    ],
)
def test_economics_that_make_no_sense_are_refused(margin, terms, words):
    with pytest.raises(ValueError, match=words):
        newsvendor.economic_service_level(margin, **terms)


def test_the_class_a_skus_bring_the_first_80_percent():
    revenue = [100.0, 400.0, 0.0, 300.0, 150.0, 50.0, math.nan, -20.0]
    assert newsvendor.abc_class(revenue).tolist() == ["B", "A", "C", "A", "A", "C", "C", "C"]


def test_a_shop_of_one_big_seller_has_one_class_a_sku():
    assert newsvendor.abc_class([3, 990, 7]).tolist() == ["C", "A", "C"]
    assert newsvendor.abc_class([]).tolist() == []
    assert newsvendor.abc_class([0, 0]).tolist() == ["C", "C"]


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=50))
def test_a_larger_sku_never_has_a_worse_class(revenue):
    classes = newsvendor.abc_class(revenue)
    ranked = classes[np.argsort(-np.array(revenue), kind="stable")]
    assert "".join(ranked) == "".join(sorted(ranked))


def test_steady_demand_is_x_and_erratic_demand_is_z():
    weekly = [
        [10, 10, 10, 10],
        [5, 15, 5, 15],  # exactly 0.5
        [0, 20, 0, 20],  # exactly 1.0
        [0, 0, 0, 40],
        [0, 0, 0, 0],
        [math.nan, 10, 10, 10],
        [math.nan] * 4,
        [math.nan] * 3 + [10],
    ]
    assert newsvendor.xyz_class(weekly).tolist() == ["X", "X", "Y", "Z", "", "X", "", ""]
