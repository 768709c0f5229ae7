"""消息推送: the door for the platform's messages. Verify, store, answer at once; nothing more.

What a message is about is asked for later, by `watch`. The door has no secrets to give: it answers
the same words to everyone.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stockbook.domain.language import say
from stockbook.shops.doudian.messages import (
    KNOWN,
    ORDER_TAGS,
    PRODUCT_TAGS,
    SALE_TAGS,
    TEST,
    Message,
    NoMessagesError,
    read_messages,
)
from stockbook.shops.doudian.push import genuine
from stockbook.shops.web import in_thread
from stockbook.store.inbox import Inbox

MOST_BYTES, MOST_MESSAGES = 1 << 20, 1_000
READING = 5.0  # [s] a body must have come
AHEAD = 600  # [s] what lies further ahead of the clock is counted as from the future
TAKEN = {"code": 0, "msg": "success"}
REFUSED = 40041
CAUSES = {  # why a request was refused, or what was odd about a message that was taken
    "unsigned": ("没有签名", "no signature"),
    "forged": ("签名不对", "wrong signature"),
    "other_app": ("别的应用的消息", "another app's"),
    "no_messages": ("不是消息列表", "no list of messages"),
    "too_large": ("太大", "too large"),
    "too_slow": ("太慢", "too slow"),
    "malformed": ("缺编号或类型的消息", "messages without id or tag"),
    "unknown_tag": ("不认识的类型", "unknown tags"),
    "doubled": ("重复的消息", "doubled messages"),
    "future": ("时间在未来", "from the future"),
}


class RefusedError(Exception):
    """A request that is not taken: why, and the HTTP status to answer with."""

    def __init__(self, cause: str, status: int = 200) -> None:
        super().__init__(cause)
        self.cause, self.status = cause, status


@dataclass
class Receiver:
    """The web application that takes messages of one app.

    Attributes:
        app_id, secret: The app's key and secret, which sign every message.
        inbox: Where messages are stored before they are acknowledged.
        clock: The time now [Unix s].
        woken: Called once something new is stored.
        counts: Messages `taken`, and refused or odd ones by cause.
    """

    app_id: str
    secret: str = field(repr=False)
    inbox: Inbox = field(repr=False)
    clock: Callable[[], float]
    woken: Callable[[], None]
    counts: Counter[str] = field(default_factory=Counter)
    _waiting: list[tuple[list[dict[str, Any]], asyncio.Future[int]]] = field(default_factory=list)
    _writer: asyncio.Task[None] | None = field(default=None, repr=False)

    def app(self) -> Starlette:
        """Return the application; every path is the same door."""
        methods = ["POST", "GET", "HEAD"]
        return Starlette(routes=[Route("/{path:path}", self._answer, methods=methods)])

    async def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            return JSONResponse(TAKEN)
        try:
            await self._store(await self._messages(request))
        except RefusedError as refused:
            self.counts[refused.cause] += 1
            return JSONResponse({"code": REFUSED, "msg": refused.cause}, refused.status)
        return JSONResponse(TAKEN)

    async def _messages(self, request: Request) -> Sequence[Message]:
        """Return the messages of a request that is the platform's."""
        try:
            async with asyncio.timeout(READING):
                body = await _read(request)
        except (TimeoutError, ClientDisconnect):
            raise RefusedError("too_slow", 408) from None
        self._check(request, body)
        try:
            messages, malformed = read_messages(body)
        except NoMessagesError:
            raise RefusedError("no_messages") from None
        if len(messages) > MOST_MESSAGES:
            raise RefusedError("too_large", 413)
        self.counts["malformed"] += malformed
        return messages

    def _check(self, request: Request, body: bytes) -> None:
        sign = request.headers.get("event-sign", "")
        if not sign:
            raise RefusedError("unsigned")
        if request.headers.get("app-id", "") != self.app_id:
            raise RefusedError("other_app")
        if not genuine(self.app_id, body, self.secret, sign):
            raise RefusedError("forged")

    # --- storing ------------------------------------------------------------------------

    async def _store(self, messages: Sequence[Message]) -> None:
        """Store what is worth asking about, and wait until it is on the disk."""
        now = int(self.clock())
        rows = []
        for each in messages:
            self.counts["unknown_tag"] += each.tag not in KNOWN
            self.counts["future"] += each.at is not None and each.at > now + AHEAD
            if each.tag != TEST:
                rows.append(_row(each, now))
        if rows:
            new = await self._written(rows)
            self.counts["taken"] += new
            self.counts["doubled"] += len(rows) - new
            if new:
                self.woken()

    async def _written(self, rows: list[dict[str, Any]]) -> int:
        """Let the writer commit rows together with what others bring meanwhile."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await done

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                counts = await asyncio.to_thread(self.inbox.put, [rows for rows, _ in batch])
            except Exception as error:  # noqa: BLE001 - each sender gets it, and sends again
                for _, done in batch:
                    if not done.cancelled():
                        done.set_exception(error)
                continue
            for (_, done), new in zip(batch, counts, strict=True):
                if not done.cancelled():
                    done.set_result(new)

    def told(self) -> str:
        """Return in words what was taken, and what was refused or odd."""
        odd = [
            f"{say(*CAUSES[c])} {n:,}" for c, n in self.counts.most_common() if n and c in CAUSES
        ]
        n = self.counts["taken"]
        taken = say(f"推送 {n:,} 条", f"{n:,} messages pushed")
        return f"{taken}（{'，'.join(odd)}）" if odd else taken


def _row(each: Message, now: int) -> dict[str, Any]:
    about = each.tag in SALE_TAGS | PRODUCT_TAGS or (each.tag in ORDER_TAGS and each.order_id)
    return {
        "msg_id": each.msg_id,
        "tag": each.tag,
        "order_id": each.order_id,
        "after_sale_id": each.after_sale_id,
        "received_at": now,
        "done_at": None if about else now,
    }


async def _read(request: Request) -> bytes:
    """Return the body; of one that is too large the rest is not even read."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise RefusedError("too_large", 413)
    return bytes(body)


@contextmanager
def receive(receiver: Receiver, host: str, port: int) -> Iterator[int]:
    """Take messages in a thread as long as the context lasts; yields the port."""
    with in_thread(receiver.app(), host, port) as at:
        yield at
