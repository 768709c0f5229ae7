"""The platform's door as the practice shop plays it: envelope, checks, codes and methods."""

from __future__ import annotations

import hmac
import json
import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stockbook.shops.doudian.signing import sign
from stockbook.shops.sandbox import answers
from stockbook.shops.sandbox.by_time import ByTime
from stockbook.shops.sandbox.late import Late
from stockbook.shops.sandbox.modes import Modes
from stockbook.shops.sandbox.simulation import Order, ShopSimulation
from stockbook.shops.sandbox.stock_methods import StockMethods
from stockbook.shops.sandbox.tokens import DAY, Fields, RefusedError, Tokens, failed

SKEW, REACH = 600, 90 * DAY
MOST_ROWS, MOST_A_PAGE, MOST_AFTER_SALES = 10_000, 100, 50_000


@dataclass
class Platform:
    """Checks and answers signed calls for one practice shop."""

    shop: ShopSimulation
    app_key: str
    app_secret: str
    shop_id: str
    tokens: Tokens = field(default_factory=Tokens)
    modes: Modes = field(default_factory=Modes)
    _mixed: int = 0

    def __post_init__(self) -> None:
        self._orders = ByTime(self.shop)
        self.late = Late(self.shop)
        self._methods = StockMethods(self.shop, self.modes).handlers()

    def answer(self, query: Mapping[str, str], body: bytes) -> Fields:
        """Return the envelope for one call."""
        try:
            data = self._call(query, body)
        except RefusedError as error:
            return envelope(error.code, error.sub_code, error.sub_msg, error.data)
        return envelope(10000, data=data)

    def _call(self, query: Mapping[str, str], body: bytes) -> Any:
        method = query.get("method", "")
        self._check_signature(query, method, body)
        try:
            params = json.loads(body or b"{}")
        except ValueError:
            raise RefusedError(
                40003, "isv.parameter-format-invalid", "param_json 不是 JSON"
            ) from None
        own = getattr(self, "_" + method.replace(".", "_"), None)
        handler = self._methods.get(method, own)
        if handler is None or not method:
            raise RefusedError(70000, "isp.api-service-off", f"接口不存在: {method}")
        if not method.startswith("token."):
            self.tokens.check(query.get("access_token", ""), self.shop.now)
        return handler(params)

    def _check_signature(self, query: Mapping[str, str], method: str, body: bytes) -> None:
        for name in ("app_key", "method", "timestamp", "sign", "v"):
            if not query.get(name):
                raise RefusedError(40001, f"isv.{name.replace('_', '-')}-missing", f"缺少 {name}")
        if query["app_key"] != self.app_key:
            raise RefusedError(40003, "isv.app-id-invalid", "app_key 不存在")
        stamp = query["timestamp"]
        if not stamp.isdigit() or abs(int(stamp) - self.shop.now) > SKEW:
            raise RefusedError(40003, "isv.timestamp-expired", "时间戳与服务器相差超过 10 分钟")
        algorithm = query.get("sign_method", "md5")
        text = body.decode("utf-8", "replace")
        known = (self.app_key, self.app_secret, method, text, stamp)
        expected = sign(*known, algorithm="md5" if algorithm == "md5" else "hmac-sha256")
        if not hmac.compare_digest(expected, query["sign"]):
            raise RefusedError(40003, "isv.signature-invalid", "签名不匹配")

    def ask_modes(self, body: Fields) -> Fields:
        """Make the shop difficult, or tell what is on; `gated` and `tool` belong to others.

        Raises:
            ValueError: It asks for what does not exist; nothing is changed then.
        """
        rest = {name: body[name] for name in body if name not in ("gated", "tool")}
        switches = {name: body.get(name, False) for name in ("gated", "tool")}
        if not all(isinstance(on, bool) for on in switches.values()):
            raise ValueError("gated and tool are true or false")
        if body.get("gated") and not self.shop.house.stock_take:
            self.shop.gate(on=True)  # says why it cannot
        self.modes.ask(rest)
        self.late.ask(self.modes.lag)
        if "gated" in body:
            self.shop.gate(on=body["gated"])
        self.tokens.tool = bool(body.get("tool", self.tokens.tool))
        return self.shown_modes()

    def shown_modes(self) -> Fields:
        """Return what is on."""
        return self.modes.shown() | {"gated": bool(self.shop.stock), "tool": self.tokens.tool}

    # --- tokens -------------------------------------------------------------------------

    def _token_create(self, params: Fields) -> Fields:
        if "code" not in params:
            raise RefusedError(40002, "isv.missing-parameter:code", "缺少 code")
        if str(params.get("shop_id", self.shop_id)) != self.shop_id:
            raise failed(31006, "店铺未授权")
        kind, code = str(params.get("grant_type")), str(params["code"])
        return self._token_data(self.tokens.grant(kind, code, self.shop.now))

    def _token_refresh(self, params: Fields) -> Fields:
        if params.get("grant_type") != "refresh_token":
            raise failed(31003, "grant_type 不支持")
        pair = self.tokens.refresh(str(params.get("refresh_token")), self.shop.now)
        return self._token_data(pair)

    def _token_data(self, pair: Fields) -> Fields:
        return {
            **pair,
            "expires_in": self.tokens.left(self.shop.now),
            "scope": "SCOPE",
            "shop_id": int(self.shop_id),
            "shop_name": "小满优选旗舰店",
            "token_type": 0,
        }

    # --- orders -------------------------------------------------------------------------

    def _order_searchList(self, params: Fields) -> Fields:  # noqa: N802 - the method's name
        page, size = _paging(params, first=0, most=self.modes.row_cap)
        name = "update_time" if "update_time_start" in params else "create_time"
        if f"{name}_start" not in params:
            raise RefusedError(40004, "isv.parameter-invalid:20011", "缺少时间范围")
        start, end = int(params[f"{name}_start"]), int(params.get(f"{name}_end", self.shop.now + 1))
        if start < self.shop.now - REACH:
            raise RefusedError(40004, "isv.parameter-invalid:20022", "只能查询 90 天内的订单")
        found = self._between(name, start, end)
        if self.modes.restless:
            self.modes.restless.stir(self.shop, [self.shop.orders[o.order_id] for o in found])
            found = self._between(name, start, end)
        if self.modes.strange:
            self._mixed += 1
            found = _ties_shuffled(found, name, random.Random(self._mixed))
        if not params.get("order_asc", False):
            found.reverse()
        shown = found[page * size : (page + 1) * size]
        rows = self.modes.order_rows([answers.order(o, self.shop_id) for o in shown])
        return {"page": page, "size": len(shown), "total": len(found), "shop_order_list": rows}

    def _between(self, name: str, start: int, end: int) -> list[Order]:
        """Return the orders of the last 90 days with that time in [start, end), oldest first."""
        oldest = self.shop.now - REACH
        find = self._orders.created if name == "create_time" else self._orders.updated
        found = find(start, end)
        if self.late.seconds:
            at = "created_at" if name == "create_time" else "updated_at"
            found = self.late.orders(found, at, start, end)
        return [o for o in found if o.created_at >= oldest]

    def _order_orderDetail(self, params: Fields) -> Fields:  # noqa: N802
        found = self.shop.orders.get(int(_required(params, "shop_order_id")))
        if found is None:
            raise RefusedError(40004, "isv.parameter-invalid:4", "订单不存在")
        (row,) = self.modes.order_rows([answers.order(found, self.shop_id)])[:1]
        return {"shop_order_detail": row}

    def _afterSale_List(self, params: Fields) -> Fields:  # noqa: N802
        page, size = _paging(params, first=0, most=MOST_AFTER_SALES)
        by_update = "update_start_time" in params
        if by_update and params.get("order_by") != ["update_time asc"]:
            raise RefusedError(40004, "isv.parameter-invalid:4", "须按 update_time asc 排序")
        name = "update_start_time" if by_update else "start_time"
        start = int(params.get(name, self.shop.now - 180 * DAY))
        end = int(params.get(name.replace("start", "end"), self.shop.now + 1))
        found = sorted(
            (w for w in self.late.wishes(self.shop.wishes.values())
             if start <= (w.updated_at if by_update else w.applied_at) < end),
            key=lambda w: (w.updated_at, w.wish_id),
        )  # fmt: skip
        shown = found[page * size : (page + 1) * size]
        rows = self.modes.after_sale_rows([answers.after_sale(w) for w in shown])
        more = (page + 1) * size < len(found)
        return {"page": page, "size": size, "total": len(found), "has_more": more, "items": rows}

    # --- products -----------------------------------------------------------------------

    def _product_listV2(self, params: Fields) -> Fields:  # noqa: N802
        page, size = _paging(params, first=1)
        rows = answers.products(self.shop)
        shown = rows[(page - 1) * size : page * size]
        data = [self.modes.row(answers.product(items, self.shop)) for items in shown]
        return {"data": data, "total": len(rows), "page": page, "size": size}

    def _product_detail(self, params: Fields) -> Fields:
        for items in answers.products(self.shop):
            if str(items[0].product_id) == str(_required(params, "product_id")):
                return self.modes.row(answers.detail(items, self.shop))
        raise RefusedError(40004, "isv.parameter-invalid:4", "商品不存在")

    def _sku_list(self, params: Fields) -> list[Fields]:
        wanted = str(_required(params, "product_id"))
        for items in answers.products(self.shop):
            if str(items[0].product_id) == wanted:
                return [self.modes.row(answers.sku(item, self.shop)) for item in items]
        raise RefusedError(40004, "isv.parameter-invalid:4", "商品不存在")


def _ties_shuffled(found: list[Order], name: str, dice: random.Random) -> list[Order]:
    """Return orders by time, those of one second in an order that no two answers share."""
    at = "updated_at" if name == "update_time" else "created_at"
    mixed = dice.sample(found, len(found))
    return sorted(mixed, key=lambda o: int(getattr(o, at)))


def envelope(code: int, sub_code: str = "", sub_msg: str = "", data: Any = None) -> Fields:
    """Return an answer as the platform wraps it."""
    words = {10000: "success"}
    return {
        "code": code,
        "msg": words.get(code, sub_msg),
        "sub_code": sub_code,
        "sub_msg": sub_msg,
        "log_id": f"2026{secrets.token_hex(12)}",
        "data": data,
    }


def _required(params: Fields, name: str) -> Any:
    if params.get(name) in (None, ""):
        raise RefusedError(40002, f"isv.missing-parameter:{name}", f"缺少 {name}")
    return params[name]


def _paging(params: Fields, *, first: int, most: int = MOST_ROWS) -> tuple[int, int]:
    page, size = int(_required(params, "page")), int(_required(params, "size"))
    if not 1 <= size <= MOST_A_PAGE:
        raise RefusedError(40004, "isv.parameter-invalid:20008", "size 须为 1–100")
    if page < first:
        raise RefusedError(40004, "isv.parameter-invalid:10035", f"page 从 {first} 起")
    if (page + 1 - first) * size > most:
        raise RefusedError(40004, "isv.parameter-invalid:20013", "翻页超过上限，请缩小时间范围")
    return page, size
