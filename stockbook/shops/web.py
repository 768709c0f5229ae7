"""Run a web application in a thread, as long as a context lasts."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from stockbook.domain.language import say
from stockbook.domain.problems import ShopUnavailable

STARTING = 20.0  # [s]
PATIENCE = 10.0  # [s] a connection may take to ask
MOST_CONNECTIONS = 200  # at once; one that comes then is closed
LOOK_EVERY = 1.0  # [s]


class Impatient(H11Protocol):
    """A connection that has to ask in time: one that trickles would stay, and files run out."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        self._look()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def _look(self) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        if self.transport.is_closing():
            return
        if not answering and self.loop.time() - self._idle_since > PATIENCE:
            self.transport.abort()
            return
        self.loop.call_later(LOOK_EVERY, self._look)


@contextmanager
def in_thread(app: Starlette, host: str, port: int, *, lifespan: bool = False) -> Iterator[int]:
    """Serve an application; yields the port, which the system chooses where 0 is asked for.

    Args:
        lifespan: The application has something that runs as long as it is served.

    Raises:
        ShopUnavailable: The port is taken, or the address is not this machine's.
    """
    config = uvicorn.Config(
        app,
        host,
        port,
        log_level="critical",
        date_header=False,
        lifespan="on" if lifespan else "off",
        ws="none",
        http=Impatient,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=_run, args=(server,), daemon=True)
    thread.start()
    began = time.monotonic()
    while not server.started and thread.is_alive() and time.monotonic() - began < STARTING:
        time.sleep(0.005)
    if not server.started:
        raise ShopUnavailable(
            say(
                f"{host}:{port} 起不来：端口可能已被占用，请换一个端口",
                f"{host}:{port} cannot be served: the port may be taken, choose another one",
            )
        )
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(STARTING)


def _run(server: uvicorn.Server) -> None:
    """Run without the signal handlers, which belong to the main thread."""
    try:
        asyncio.run(server.serve())
    except SystemExit:  # uvicorn's way of saying that the port is taken
        return
