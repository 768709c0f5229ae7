"""The practice shop on 127.0.0.1: the platform's door, and a door for whoever practises.

`/sandbox/…` is not the platform's: there the clock is advanced, orders are changed, and faults
and difficulties are asked for; docs/SANDBOX.md lists it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stockbook.shops.sandbox.faults import Faults
from stockbook.shops.sandbox.live_door import LiveDoor
from stockbook.shops.sandbox.platform import Platform, envelope
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.shops.sandbox.tokens import CODE_LASTS
from stockbook.shops.web import in_thread

APP_KEY, SHOP_ID = "7300000000000000001", "463000001"
APP_SECRET = "sandbox-secret-0001"  # noqa: S105 - opens nothing but this practice shop
TICK = 0.1  # [s] a live clock's orders come so often
FAULTS = {
    "busy": envelope(20000, "isp.service-error:20004", "系统繁忙"),
    "traffic": envelope(60000, "isv.traffic-limited", "访问频率过高"),
    "timeout": envelope(20001, "isp.service-timeout", "服务超时"),
}
REFRESHING = 0.05  # [s] a refresh takes so long; a second one meanwhile is refused


@dataclass(frozen=True)
class Sandbox:
    """How to reach a running practice shop."""

    gateway: str
    app_key: str
    app_secret: str = field(repr=False)
    shop_id: str
    simulation: ShopSimulation


class Door:
    """The web application around one simulated shop.

    Args:
        live: The clock runs with the computer's; else it stands still until it is advanced.
        truth: A file that gets what truly happened whenever the clock or an order was changed.
    """

    def __init__(
        self, simulation: ShopSimulation, *, live: bool = False, truth: Path | None = None
    ) -> None:
        self.shop = simulation
        self.platform = Platform(simulation, APP_KEY, APP_SECRET, SHOP_ID)
        self.live_door = LiveDoor(simulation, (APP_KEY, APP_SECRET, SHOP_ID))
        self._truth = truth
        self._faults = Faults()
        self._refreshing = False
        self._ahead = simulation.now - time.time() if live else None
        self.write_truth()
        self.app = Starlette(
            routes=[
                Route("/", self._home, methods=["GET", "HEAD"]),
                Route("/sandbox/info", self._info),
                Route("/sandbox/counts", self._counts),
                Route("/sandbox/supply", self._supply),
                Route("/sandbox/kits", self._kits),
                Route("/sandbox/entries", self._entries),
                Route("/sandbox/truth", self._tell_truth),
                Route("/sandbox/clock", self._explained(self._clock), methods=["POST"]),
                Route(
                    "/sandbox/orders/{order:int}", self._explained(self._order), methods=["POST"]
                ),
                Route("/sandbox/orders", self._explained(self._orders), methods=["POST"]),
                Route("/sandbox/faults", self._explained(self._ask_faults), methods=["POST"]),
                Route("/sandbox/modes", self._explained(self._ask_modes), methods=["POST"]),
                Route("/sandbox/authorize", self._explained(self._authorize), methods=["POST"]),
                *self.live_door.routes(self._explained),
                Route("/{domain}/{name}", self._call, methods=["POST"]),
            ],
            lifespan=self._lives,
        )

    @asynccontextmanager
    async def _lives(self, _: Starlette) -> AsyncIterator[None]:
        """Let a live clock run though nobody asks, and end the push with the shop."""
        running = asyncio.create_task(self._run_clock()) if self._ahead is not None else None
        try:
            yield
        finally:
            if running:
                running.cancel()
            self.live_door.close()

    async def _run_clock(self) -> None:
        while True:
            self._tick()
            await asyncio.sleep(TICK)

    def _tick(self) -> None:
        """Let a live clock catch up."""
        if self._ahead is not None:
            self.shop.advance(max(0, int(time.time() + self._ahead) - self.shop.now))

    def write_truth(self) -> None:
        """Write what truly happened, if someone asked for it."""
        if self._truth is not None:
            text = json.dumps(self.shop.truth(), ensure_ascii=False, indent=1)
            self._truth.write_text(text, encoding="utf-8")

    # --- the platform's door ------------------------------------------------------------

    def _stamped(self, content: Any, status: int = 200) -> Response:
        date = formatdate(self.shop.now, usegmt=True)
        return JSONResponse(content, status, headers={"Date": date})

    async def _home(self, _: Request) -> Response:
        self._tick()
        return self._stamped({"name": "StockBook sandbox"})

    async def _call(self, request: Request) -> Response:
        self._tick()
        fault = self._faults.draw()
        if fault in FAULTS:
            return self._stamped(FAULTS[fault])
        if fault == "http500":
            return self._stamped({"error": "internal"}, 500)
        if fault == "token_expired":
            self.platform.tokens.expire()
        answer = self._stamped(await self._answered(request))
        if fault == "truncate":
            return _halved(answer)
        return _Torn(answer) if fault == "reset" else answer

    async def _answered(self, request: Request) -> dict[str, Any]:
        """Answer one call; of two refreshes at once the second is refused."""
        query, body = request.query_params, await request.body()
        if query.get("method") != "token.refresh":
            return self.platform.answer(query, body)
        if self._refreshing:
            return envelope(50002, "isv.business-failed:31012", "正在刷新，请稍后")
        self._refreshing = True
        try:
            await asyncio.sleep(REFRESHING)
            return self.platform.answer(query, body)
        finally:
            self._refreshing = False

    # --- the practising person's door ---------------------------------------------------

    def _explained(
        self, handle: Callable[[Request, dict[str, Any]], dict[str, Any]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Answer wrong requests with words and 400."""

        async def answered(request: Request) -> Response:
            self._tick()
            try:
                body = json.loads(await request.body() or b"{}")
                if not isinstance(body, dict):
                    raise TypeError("the body is a JSON object")  # noqa: TRY301 - answered below
                found = handle(request, body)
            except KeyError as error:
                return JSONResponse({"error": f"there is no {error}"}, 404)
            except (ValueError, TypeError) as error:
                return JSONResponse({"error": str(error)}, 400)
            if request.method == "POST":
                self.write_truth()
            return self._stamped(found)

        return answered

    def _clock(self, _: Request, body: dict[str, Any]) -> dict[str, Any]:
        seconds = (
            int(body["set"]) - self.shop.now if "set" in body else int(body["advance_seconds"])
        )
        if seconds < 0:
            raise ValueError("the clock runs forward only")
        self.shop.advance(seconds)
        if self._ahead is not None:
            self._ahead += seconds
        return {"now": self.shop.now}

    def _order(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        found = self.shop.act(request.path_params["order"], str(body.get("action")))
        return {"order_id": str(found.order_id), "state": found.state}

    def _orders(self, _: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Act on every order that allows it, all in one second."""
        action, done = str(body["action"]), 0
        for order_id in list(self.shop.orders):
            try:
                self.shop.act(order_id, action)
            except ValueError:  # its state does not allow it
                continue
            done += 1
        return {"done": done}

    def _ask_faults(self, _: Request, body: dict[str, Any]) -> dict[str, Any]:
        return self._faults.ask(body)

    def _ask_modes(self, _: Request, body: dict[str, Any]) -> dict[str, Any]:
        return self.platform.ask_modes(body)

    def _authorize(self, _: Request, __: dict[str, Any]) -> dict[str, Any]:
        return {"code": self.platform.tokens.authorize(self.shop.now), "seconds": CODE_LASTS}

    async def _info(self, _: Request) -> Response:
        self._tick()
        shop = self.shop
        return self._stamped(
            {"now": shop.now, "seed": shop.seed, "skus": len(shop.items),
             "orders": len(shop.orders), "faults": self._faults.shown(),
             "modes": self.platform.shown_modes(),
             "tokens_made": self.platform.tokens.made,
             "tokens_refreshed": self.platform.tokens.refreshed}
        )  # fmt: skip

    async def _counts(self, _: Request) -> Response:
        keys = ("sku", "on_hand", "counted_at")
        return self._stamped([dict(zip(keys, row, strict=True)) for row in self.shop.counts()])

    async def _supply(self, _: Request) -> Response:
        return self._stamped(self.shop.supply())

    async def _kits(self, _: Request) -> Response:
        rows = [{"shop_sku_id": key, "parts": text} for key, text in self.shop.kits()]
        return self._stamped(rows)

    async def _entries(self, _: Request) -> Response:
        self._tick()
        return self._stamped(self.shop.entries())

    async def _tell_truth(self, _: Request) -> Response:
        self._tick()
        return self._stamped(self.shop.truth())


def _halved(answer: Response) -> Response:
    """Return an answer that is whole to HTTP and half to JSON."""
    half = bytes(answer.body)[: len(answer.body) // 2]
    return Response(half, headers=dict(answer.headers) | {"content-length": str(len(half))})


class _Torn(Response):
    """An answer that announces more than it sends: uvicorn closes the connection on it."""

    def __init__(self, answer: Response) -> None:
        super().__init__(bytes(answer.body)[: len(answer.body) // 3], headers=dict(answer.headers))


@contextmanager
def serve(
    simulation: ShopSimulation, *, port: int = 0, truth: Path | None = None, live: bool = False
) -> Iterator[Sandbox]:
    """Run a practice shop in a thread as long as the context lasts.

    Raises:
        ShopUnavailable: The port is taken.
    """
    door = Door(simulation, live=live, truth=truth)
    with in_thread(door.app, "127.0.0.1", port, lifespan=True) as at:
        try:
            yield Sandbox(f"http://127.0.0.1:{at}", APP_KEY, APP_SECRET, SHOP_ID, simulation)
        finally:
            door.write_truth()


def run_forever(
    simulation: ShopSimulation,
    port: int,
    truth: Path | None,
    on_ready: Callable[[Sandbox], None],
    *,
    live: bool = False,
) -> None:
    """Serve until Ctrl-C."""
    with serve(simulation, port=port, truth=truth, live=live) as sandbox:
        on_ready(sandbox)
        while True:
            time.sleep(3600)
