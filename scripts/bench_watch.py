"""From an order placed to the message on the phone, by push and by polling; and pushed bursts.

    python3 scripts/bench_watch.py --orders 25

A practice shop whose clock runs sells single SKUs out; a group robot on 127.0.0.1 notes when the
message about each came. Bursts of pushed messages are `scripts/prove.py burst`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _venv

sys.path.insert(0, str(_venv.ROOT))
import json
import os

import requests

from stockbook import actions, demo, running, watch
from stockbook.shops.sandbox.server import serve
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.watcher import Options, Status

SKUS, DAYS = 200, 40
EVERY = 5.0  # [s] between two polls
GAP = 11.0  # [s] between two sold-out SKUs: messages are told at most every ten seconds


class Robot(ThreadingHTTPServer):
    """A group robot that notes what it was told, and when."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told: list[tuple[float, str]] = []

    def came(self, sku: str, since: float, patience: float) -> float:
        """Return after how many seconds a message about a SKU came; inf if none did."""
        while time.time() - since < patience:
            for at, text in list(self.told):
                if at >= since and sku in text:
                    return at - since
            time.sleep(0.005)
        return float("inf")


class _Handler(BaseHTTPRequestHandler):
    server: Robot

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((time.time(), json.loads(body)["content"]["text"]))
        answer = b'{"code":0}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def post(gateway: str, place: str, body: dict[str, object]) -> None:
    """Ask the practice shop for something."""
    requests.post(f"{gateway}/sandbox/{place}", json=body, timeout=60).raise_for_status()


class Scene:
    """A live shop, a filled workbook, a robot, and a watch that runs."""

    def __init__(self, stack: ExitStack, folder: Path, *, every: float, push: bool) -> None:
        self.robot = Robot()
        threading.Thread(target=self.robot.serve_forever, daemon=True).start()
        stack.callback(self.robot.shutdown)
        simulation = ShopSimulation(seed=5, skus=SKUS, days=DAYS, now=int(time.time()))
        self.shop = stack.enter_context(serve(simulation, live=True))
        self.simulation = simulation
        stack.enter_context(demo.environment(self.shop, folder / "data"))
        os.environ["STOCKBOOK_FEISHU_URL"] = f"http://127.0.0.1:{self.robot.server_port}/feishu"
        self.book = folder / "book.xlsm"
        actions.new(self.book)
        actions.pull(self.book, run())
        demo.enter_what_people_know(self.book, simulation)
        quiet = Options(every, 5, ("127.0.0.1", 0) if push else None)
        self.shown: list[Status] = []
        stop = threading.Event()
        thread = threading.Thread(
            target=watch.watch, args=(self.book, run(), quiet, self.shown.append, stop)
        )
        thread.start()
        stack.callback(thread.join)
        stack.callback(stop.set)
        while not self.shown:
            time.sleep(0.05)
        if push:
            post(self.shop.gateway, "push", {"url": self.shown[-1].listens,
                 "algorithm": "hmac-sha256"})  # fmt: skip

    def sell_out(self, sku: str, units: int) -> float:
        """Let one buyer buy all of a SKU; return when the order was made [Unix s]."""
        body = {"sku": sku, "orders_per_second": 1, "seconds": 1, "units": units}
        post(self.shop.gateway, "burst", body)
        while not any(
            line.item.sku == sku and line.quantity == units
            for order in list(self.simulation.orders.values())[-3:]
            for line in order.lines
        ):
            time.sleep(0.002)
        return time.time()


def run() -> running.Run:
    """Return a run whose clock goes on."""
    return running.Run(int(time.time()), time.time, lambda _: None)


def latencies(folder: Path, orders: int, *, push: bool) -> list[float]:
    """Return the seconds from each order to the message about it."""
    with ExitStack() as stack:
        scene = Scene(stack, folder, every=600.0 if push else EVERY, push=push)
        free = {row["sku"]: row["free"] for row in actions.stock(scene.book)}
        skus = [
            item.sku for item in scene.simulation.items
            if item.falls_on_order and not item.parts and free.get(item.sku, 0) > 0
        ]  # fmt: skip
        time.sleep(GAP)
        found = []
        for sku in skus[-orders:]:
            began = scene.sell_out(sku, free[sku])
            found.append(scene.robot.came(sku, began, 60))
            time.sleep(GAP)
        return found


def main(arguments: list[str]) -> int:
    """Measure; print what came out against the targets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=10)
    asked = parser.parse_args(arguments)
    missed = 0
    for name, push, most in (("push", True, 1.0), ("polling", False, EVERY + 1)):
        with tempfile.TemporaryDirectory() as folder:
            found = sorted(latencies(Path(folder), asked.orders, push=push))
        p50, p95 = (found[min(len(found) - 1, int(len(found) * q))] for q in (0.5, 0.95))
        holds = p95 <= most
        missed += not holds
        print(f"{'✓' if holds else '✗'} order → message by {name}: p50 {p50:.2f} s, "
              f"p95 {p95:.2f} s (at most {most:g})", flush=True)  # fmt: skip
    return missed


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
