"""A client that others published (PyPI mcp-cn-commerce) reads the practice shop as ours does.

It was written from the platform's documents by people who never saw this sandbox, so it is a
second opinion on signing, paging and the shape of answers.
"""

import asyncio
import time

import pytest
from servers.doudian.client import DouDianAPIError, DouDianClient

from stockbook.shops.sandbox.server import serve
from stockbook.shops.sandbox.simulation import ShopSimulation
from tests.shops.pulling import Pulling

DAY = 86_400


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A practice shop whose clock is the computer's: the other client signs with that one."""
    simulation = ShopSimulation(seed=3, skus=8, days=12, now=int(time.time()))
    with serve(simulation, live=True) as sandbox:
        yield Pulling(sandbox, simulation, None, tmp_path_factory.mktemp("third"))


def theirs(shop, work, secret=None):
    """Run some work with their client, made as its users make it."""
    box = shop.sandbox
    token = shop.shop()._tokens.get()

    async def running():
        client = DouDianClient(box.app_key, secret or box.app_secret, token, box.shop_id)
        client.BASE_URL = f"{box.gateway}/"
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(running())


def all_pages(path, rows, **params):
    async def work(client):
        found, page = [], 0
        while True:
            asked = params | {"page": page, "size": 100}
            data = await client.request(path, asked)
            found += data[rows]
            page += 1
            if page * 100 >= data["total"]:
                return found

    return work


def test_its_signed_calls_are_taken_and_it_reads_the_same_orders_as_ours(shop):
    start, end = shop.simulation.now - 10 * DAY, shop.simulation.now - 60
    times = {"update_time_start": start, "update_time_end": end}
    orders = theirs(
        shop,
        all_pages("order/searchList", "shop_order_list", order_by="update_time", order_asc=True,
                  **times),
    )  # fmt: skip
    read = {
        (order["order_id"], line["order_id"], line["item_num"])
        for order in orders
        for line in order["sku_order_list"]
    }
    windows = shop.shop().order_windows(start, end)
    ours = {(n.order_id, n.line_id, n.quantity) for w in windows for n in w.lines}
    assert len(ours) > 300
    assert read == ours


def test_it_reads_the_same_after_sales_as_ours(shop):
    start, end = shop.simulation.now - 10 * DAY, shop.simulation.now - 60
    times = {"update_start_time": start, "update_end_time": end}
    items = theirs(
        shop, all_pages("afterSale/List", "items", order_by=["update_time asc"], **times)
    )
    read = {
        (i["aftersale_info"]["aftersale_id"], i["aftersale_info"]["aftersale_num"]) for i in items
    }
    windows = shop.shop().after_sale_windows(start, end)
    assert read == {(s.after_sale_id, s.quantity) for w in windows for s in w.after_sales}
    assert read


def test_it_finds_an_order_by_its_id(shop):
    order = next(iter(shop.simulation.orders.values()))

    async def work(client):
        return await client.request("order/orderDetail", {"shop_order_id": str(order.order_id)})

    found = theirs(shop, work)["shop_order_detail"]
    assert [line["item_num"] for line in found["sku_order_list"]] == [
        line.quantity for line in order.lines
    ]


def test_its_calls_signed_with_another_secret_are_refused(shop):
    async def work(client):
        return await client.request("product/listV2", {"page": 1, "size": 1})

    with pytest.raises(DouDianAPIError, match="signature-invalid"):
        theirs(shop, work, secret="another")
