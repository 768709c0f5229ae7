"""Signed calls straight into a practice platform, and an answer's code, for its tests."""

from stockbook.shops.doudian.signing import canonical_json, sign
from stockbook.shops.sandbox.platform import Platform
from stockbook.shops.sandbox.simulation import ShopSimulation

NOW = 1_796_868_600
SECRET = "secret"


def gated(**changes):
    plain = {"seed": 3, "skus": 12, "days": 16, "now": NOW, "gated": True}
    return ShopSimulation(**(plain | changes))


def platform_of(shop):
    at = Platform(shop, "7300000000000000001", SECRET, "463000001")
    at.tokens.create(shop.now)
    return at


def call(platform, method, **params):
    body, stamp = canonical_json(params), str(platform.shop.now)
    query = {
        "method": method, "app_key": platform.app_key, "timestamp": stamp, "v": "2",
        "sign_method": "hmac-sha256", "access_token": platform.tokens.pair["access_token"],
        "sign": sign(platform.app_key, SECRET, method, body, stamp),
    }  # fmt: skip
    return platform.answer(query, body.encode())


def said(answer):
    return answer["sub_code"] or answer["code"]


def shown(platform, item):
    rows = call(platform, "sku.list", product_id=str(item.product_id))["data"]
    return next((row for row in rows if row["id"] == item.shop_sku_id), None)
