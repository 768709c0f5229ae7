"""The practice shop's own analysis files: read whole, and true to its orders."""

from stockbook.domain.clock import beijing, midnight
from stockbook.shops.insight_file import is_insight, read_insight
from stockbook.shops.sandbox import compass
from stockbook.shops.sandbox.simulation import ShopSimulation

NOW = 1_796_868_600


def test_traffic_tells_what_was_paid_and_who_only_looked(tmp_path):
    shop = ShopSimulation(seed=7, skus=12, days=20, now=NOW, rich=True)
    traffic, profile = compass.write_insight(tmp_path, shop)
    assert is_insight(traffic)
    assert is_insight(profile)
    found = read_insight(traffic, now=NOW)
    assert found.problems == []
    today = midnight(beijing(NOW).date())
    paid = [o for o in shop.orders.values() if shop.start <= (o.paid_at or 0) < today]
    assert sum(row.units for row in found.traffic) == sum(
        line.quantity for order in paid for line in order.lines if not line.item.is_gift
    )
    assert all(row.visitors >= row.buyers for row in found.traffic)
    assert any(row.visitors > row.buyers == 0 for row in found.traffic)


def test_the_profile_has_whole_shares(tmp_path):
    shop = ShopSimulation(seed=7, skus=2, days=3, now=NOW)
    found = read_insight(compass.write_insight(tmp_path, shop)[1], now=NOW)
    assert found.problems == []
    kinds = {row.kind for row in found.audience}
    assert kinds == {"gender", "age", "city_tier"}
    for kind in kinds:
        assert abs(sum(r.share for r in found.audience if r.kind == kind) - 1) < 1e-9
