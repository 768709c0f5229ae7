"""The second door's part for live selling: the shop's own stock, bursts, overselling, push."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stockbook.shops.sandbox.push import Push, address
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.shops.sandbox.stock import ShopStock

Handler = Callable[[Request, dict[str, Any]], dict[str, Any]]
Explained = Callable[[Handler], Callable[[Request], Awaitable[Response]]]


class LiveDoor:
    """What whoever practises asks of a shop that sells live."""

    def __init__(self, shop: ShopSimulation, account: tuple[str, str, str]) -> None:
        self.shop = shop
        self._account = account  # app key, secret, shop id
        self._push: Push | None = None

    def routes(self, explained: Explained) -> list[Route]:
        """Return where it is asked; `explained` answers wrong requests with words."""
        return [
            Route("/sandbox/stock", explained(self._stock)),
            Route("/sandbox/stock", explained(self._set_stock), methods=["POST"]),
            Route("/sandbox/oversold", explained(self._oversold)),
            Route("/sandbox/burst", explained(self._bursts)),
            Route("/sandbox/burst", explained(self._burst), methods=["POST"]),
            Route("/sandbox/push", explained(self._pushed)),
            Route("/sandbox/push", explained(self._register), methods=["POST"]),
        ]

    def close(self) -> None:
        """Push no more."""
        if self._push:
            self._push.stop()
        self._push = None

    def _own(self) -> ShopStock:
        if self.shop.stock is None:
            raise ValueError('this shop shows what the house has; POST modes {"gated": true} first')
        return self.shop.stock

    def _stock(self, _: Request, __: dict[str, Any]) -> dict[str, Any]:
        stock = self._own()
        return {"skus": [stock.row(item) for item in self.shop.items]}

    def _set_stock(self, _: Request, body: dict[str, Any]) -> dict[str, Any]:
        stock, item = self._own(), self.shop.item(str(body["sku"]))
        return stock.set(item, {name: body[name] for name in body if name != "sku"})

    def _oversold(self, _: Request, __: dict[str, Any]) -> dict[str, Any]:
        stock = self._own()
        changes = [asdict(change) for change in stock.changes]
        return stock.oversold.report() | {"as_of": self.shop.now, "changes": changes}

    def _bursts(self, _: Request, __: dict[str, Any]) -> dict[str, Any]:
        return {"now": self.shop.now, "bursts": self.shop.bursts.shown()}

    def _burst(self, _: Request, body: dict[str, Any]) -> dict[str, Any]:
        return self.shop.bursts.ask(body)

    def _pushed(self, _: Request, __: dict[str, Any]) -> dict[str, Any]:
        return self._push.shown() if self._push else {"url": None}

    def _register(self, _: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Tell another address from now on; {"url": null} tells nobody any more."""
        to = None if body.get("url", "") is None else Push(self.shop, address(body), self._account)
        if to:
            to.start()
        self.close()
        self._push = to
        return self._pushed(_, body)
