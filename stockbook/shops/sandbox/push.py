"""The practice shop's push: who is told, what of it is lost, doubled, late or forged.

A seed decides the fate of each message as it is made. A thread of its own sends what is due,
several messages in one POST, and again after growing waits until the address says code 0.
"""

from __future__ import annotations

import heapq
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

import requests

from stockbook.shops.doudian.push import event_sign
from stockbook.shops.sandbox.messages import messages
from stockbook.shops.sandbox.orders import Order, Wish
from stockbook.shops.sandbox.simulation import ShopSimulation

PATIENCE = 2.0  # [s] an address has for its answer
WAITS = (1.0, 3.0, 10.0, 30.0)  # [s] before a message is sent again
MOST_A_POST = 50
OTHER_APP = "7300000000000000009"
COUNTS = ("made", "lost", "doubled", "posts", "acknowledged", "retries", "given_up", "forged",
          "forged_taken")  # fmt: skip
Fields = dict[str, Any]


@dataclass(frozen=True)
class Address:
    """Who is told, and how badly.

    Attributes:
        share_lost: Of the messages, never sent.
        share_doubled: Of the rest, sent twice under one id.
        disorder_seconds: Each waits up to so long before it is sent [s].
        forged_share: For so many of the messages a false one goes out, too.
        waits: Before a message is sent again [s]; after the last it is given up.
    """

    url: str
    algorithm: str = "md5"
    share_lost: float = 0.0
    share_doubled: float = 0.0
    disorder_seconds: float = 0.0
    forged_share: float = 0.0
    seed: int = 1
    waits: tuple[float, ...] = WAITS


@dataclass(slots=True)
class Parcel:
    """One message on its way; `forged` is "" or what is wrong with it: signature or app."""

    message: Fields
    tries: int = 0
    forged: str = ""


class Push:
    """Tells one address of every change of one shop, until `stop`."""

    def __init__(
        self, shop: ShopSimulation, address: Address, account: tuple[str, str, str]
    ) -> None:
        self._shop = shop
        self.address = address
        self._app_key, self._secret, self._shop_id = account
        self._dice = random.Random(f"push {address.seed}")
        self._due: list[tuple[float, int, Parcel]] = []  # when [monotonic s], number, what
        self._number = 0
        self._counts: Counter[str] = Counter()
        self._took: list[float] = []  # [s] of each answer to a genuine POST
        self._changes = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Send the test message, then begin to tell.

        Raises:
            ValueError: The address does not answer it with code 0.
        """
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S+08:00", time.gmtime(self._shop.now + 8 * 3600))
        with requests.Session() as line:
            answer = self._post(line, [{"tag": "0", "msg_id": "0", "data": stamp}], "")
        if answer != "0":
            raise ValueError(f'the address must answer the test message {{"code":0}}, got {answer}')
        self._shop.tell(self._hear)
        self._thread.start()

    def stop(self) -> None:
        """Tell no more; what is still waiting is dropped."""
        self._shop.hush(self._hear)
        with self._changes:
            self._stopped = True
            self._changes.notify()
        self._thread.join(PATIENCE * 2)

    # --- what happens becomes messages --------------------------------------------------

    def _hear(self, what: Order | Wish) -> None:
        said = messages(what, self._shop_id)
        with self._changes:
            for tag, data in said:
                self._draw(tag, data)
            self._changes.notify()

    def _draw(self, tag: str, data: Fields) -> None:
        """Decide what becomes of one message."""
        dice, to = self._dice, self.address
        lost, doubled, forged = (dice.random() for _ in range(3))
        self._counts["made"] += 1
        key = f"{data['p_id']}:{tag}:{self._shop.now}:{self._counts['made']}"
        message = {"tag": tag, "msg_id": key, "data": self._spelled(data)}
        if lost < to.share_lost:
            self._counts["lost"] += 1
        else:
            self._later(Parcel(message))
            if doubled < to.share_doubled:
                self._counts["doubled"] += 1
                self._later(Parcel(message))
        if forged < to.forged_share:
            self._counts["forged"] += 1
            false = {"tag": "106", "msg_id": f"forged {key}", "data": self._spelled(data)}
            self._later(Parcel(false, forged=dice.choice(("signature", "app"))))

    def _spelled(self, data: Fields) -> str | Fields:
        """Return data as text holding JSON; now and then as an object, as the platform does."""
        return data if self._dice.random() < 0.1 else json.dumps(data, ensure_ascii=False)

    def _later(self, parcel: Parcel, wait: float | None = None) -> None:
        if wait is None:
            wait = self._dice.random() * self.address.disorder_seconds
        self._number += 1
        heapq.heappush(self._due, (time.monotonic() + wait, self._number, parcel))

    # --- the sender ---------------------------------------------------------------------

    def _run(self) -> None:
        with requests.Session() as line:
            while parcels := self._next():
                began = time.monotonic()
                forged = parcels[0].forged
                answer = self._post(line, [p.message for p in parcels], forged)
                with self._changes:
                    self._settle(parcels, answer, time.monotonic() - began)

    def _next(self) -> list[Parcel]:
        """Wait for what is due and return one POST of it; nothing once it is stopped.

        Forged messages go alone: a wrong signature is one of the whole POST.
        """
        with self._changes:
            while not self._stopped:
                now = time.monotonic()
                if self._due and self._due[0][0] <= now:
                    taken = [heapq.heappop(self._due)[2]]
                    while self._goes_along(taken, now):
                        taken.append(heapq.heappop(self._due)[2])
                    return taken
                self._changes.wait(self._due[0][0] - now if self._due else None)
        return []

    def _goes_along(self, taken: list[Parcel], now: float) -> bool:
        if not self._due or len(taken) >= MOST_A_POST or taken[0].forged:
            return False
        at, _, parcel = self._due[0]
        return at <= now and not parcel.forged

    def _settle(self, parcels: list[Parcel], answer: str, took: float) -> None:
        """Count an answer; what was not acknowledged goes again, unless it was forged."""
        self._counts["posts"] += 1
        if parcels[0].forged:
            self._counts["forged_taken"] += answer == "0"
            return
        self._took.append(took)
        for parcel in parcels:
            if answer == "0":
                self._counts["acknowledged"] += 1
            elif parcel.tries < len(self.address.waits):
                self._counts["retries"] += 1
                self._later(parcel, self.address.waits[parcel.tries])
                parcel.tries += 1
            else:
                self._counts["given_up"] += 1

    def _post(self, line: requests.Session, said: list[Fields], forged: str) -> str:
        """Send one POST and return the answer's code as text, or what went wrong."""
        body = json.dumps(said, ensure_ascii=False).encode()
        app = OTHER_APP if forged == "app" else self._app_key
        secret = "not the secret" if forged == "signature" else self._secret
        how = self.address.algorithm
        headers = {"Content-Type": "application/json", "app-id": app,
                   "event-sign": event_sign(app, body, secret, how)}  # fmt: skip
        if len(body) % 2:  # sometimes, as the platform does
            headers["sign-method"] = how
        line.trust_env = False  # a proxy has no business here
        try:
            answer = line.post(self.address.url, body, headers=headers, timeout=PATIENCE)
            return str(answer.json()["code"])
        except (requests.RequestException, ValueError, TypeError, KeyError) as error:
            return type(error).__name__

    # --- what is told -------------------------------------------------------------------

    def shown(self) -> Fields:
        """Return the counts, and how long the answers took [ms].

        made + doubled = lost + acknowledged + given_up + waiting.
        """
        with self._changes:
            genuine = [parcel for *_, parcel in self._due if not parcel.forged]
            counts = {name: self._counts[name] for name in COUNTS}
            took = sorted(self._took)
            waiting = counts["made"] + counts["doubled"] - sum(
                counts[name] for name in ("lost", "acknowledged", "given_up"))  # fmt: skip
            sent = waiting - sum(parcel.tries == 0 for parcel in genuine)
        sent += counts["acknowledged"] + counts["given_up"]
        cuts = quantiles(took, n=100, method="inclusive") if len(took) > 1 else took * 99
        middle, slow = (round(cuts[i] * 1000, 2) if cuts else None for i in (49, 98))
        return {"url": self.address.url, **counts, "sent": sent, "waiting": waiting,
                "p50_ms": middle, "p99_ms": slow}  # fmt: skip


def address(body: Mapping[str, Any]) -> Address:
    """Return the address that a request names.

    Raises:
        ValueError: Something about it cannot be, or is unknown.
    """
    known = set(Address.__dataclass_fields__)
    if set(body) - known:
        raise ValueError(f"unknown {sorted(set(body) - known)}; there are {sorted(known)}")
    if not str(body.get("url")).startswith(("http://", "https://")):
        raise ValueError("url begins with http:// or https://")
    if body.get("algorithm", "md5") not in ("md5", "hmac-sha256"):
        raise ValueError("algorithm is md5 or hmac-sha256")
    for name in ("share_lost", "share_doubled", "forged_share", "disorder_seconds"):
        most = 600 if name == "disorder_seconds" else 1
        if not _between(body.get(name, 0), most):
            raise ValueError(f"{name} is a number from 0 to {most}")
    waits = body.get("waits", WAITS)
    if not isinstance(waits, list | tuple) or not all(_between(wait, 3600) for wait in waits):
        raise ValueError("waits is a list of seconds")
    return Address(**{**body, "waits": tuple(waits)})


def _between(value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most
