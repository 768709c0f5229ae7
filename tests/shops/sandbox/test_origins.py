"""Where a rich practice shop's orders come from, the same through the API and in its files."""

from stockbook.shops.doudian import parse
from stockbook.shops.export_file import read_export
from stockbook.shops.sandbox import answers, exports
from stockbook.shops.sandbox.simulation import ShopSimulation

NOW = 1_796_868_600


def test_api_and_files_tell_the_same_of_where_a_line_was_sold(tmp_path):
    shop = ShopSimulation(seed=7, skus=12, days=20, now=NOW, rich=True)
    path = exports.write_orders(tmp_path / "o.csv", shop, shop.start, NOW + 1, "gbk")
    filed = {line.line_id: line for line in read_export(path, shop_id="s", now=NOW).lines}
    rows = [answers.order(order, "463000001") for order in shop.orders.values()]
    pulled = [line for row in rows for line in parse.order_lines(row, "s")[0]]
    facts = ("channel", "author_name", "list_fen", "province")
    for line in pulled:
        assert [getattr(line, f) for f in facts] == [getattr(filed[line.line_id], f) for f in facts]
    assert {line.channel for line in pulled} == {"live", "video", "alliance", "shelf"}
    assert all(line.author_name for line in pulled if line.channel != "shelf")
    cut = [line for line in pulled if 0 < (line.pay_amount_fen or 0) < line.list_fen]
    assert 0.05 < len(cut) / len(pulled) < 0.5
