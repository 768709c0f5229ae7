"""Run a web application in a thread, as long as a context lasts."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from stockbook.domain.language import say
from stockbook.domain.problems import ShopUnavailable

STARTING = 20.0  # [s]


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
