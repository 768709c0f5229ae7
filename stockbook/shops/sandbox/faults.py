"""Faults on the way to the practice shop: the next ones, those of a certain call, or by share.

Each call draws once from dice of its own, so a seed and the order of the calls decide.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

KINDS = {"busy", "traffic", "timeout", "truncate", "reset", "http500", "token_expired"}


class Faults:
    """What goes wrong, call by call.

    Attributes:
        given: How often each kind has happened.
    """

    def __init__(self) -> None:
        self.given: Counter[str] = Counter()
        self._off()

    def _off(self) -> None:
        self._calls = 0
        self._next: list[str] = []
        self._planned: dict[int, str] = {}
        self._rates: dict[str, float] = {}
        self._dice = random.Random(0)

    def ask(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take an order for faults; {} ends all of them.

        Args:
            body: `next`: a list of {kind} for the next calls, or {kind, call} for the n-th call
                from now; `rates`: kind → share of the calls; `seed` for these.

        Raises:
            ValueError: A kind or a share that does not exist; nothing is changed then.
        """
        if not body:
            self._off()
            return self.shown()
        wanted, rates = list(body.get("next") or ()), dict(body.get("rates") or {})
        _check(body, wanted, rates)
        for fault in wanted:
            if "call" in fault:
                self._planned[self._calls + int(fault["call"])] = fault["kind"]
            else:
                self._next.append(fault["kind"])
        if "rates" in body:
            self._rates = {kind: float(share) for kind, share in sorted(rates.items())}
            self._dice = random.Random(int(body.get("seed", 0)))
        return self.shown()

    def shown(self) -> dict[str, Any]:
        """Return what is still to come, and what was given."""
        return {"waiting": self._next, "planned": sorted(self._planned.values()),
                "rates": self._rates, "given": dict(self.given)}  # fmt: skip

    def draw(self) -> str:
        """Return the fault of the next call, "" for none."""
        self._calls += 1
        kind = self._planned.pop(self._calls, "")
        if not kind and self._next:
            kind = self._next.pop(0)
        kind = kind or self._by_share()
        if kind:
            self.given[kind] += 1
        return kind

    def _by_share(self) -> str:
        roll = self._dice.random() if self._rates else 1.0
        for kind, share in self._rates.items():
            if roll < share:
                return kind
            roll -= share
        return ""


def _check(body: Mapping[str, Any], wanted: list[Any], rates: Mapping[str, Any]) -> None:
    """Raise for what nobody can carry out."""
    known = {"next", "rates", "seed"}
    if set(body) - known:
        raise ValueError(f"unknown {sorted(set(body) - known)}; there are {sorted(known)}")
    if not all(isinstance(f, Mapping) and int(f.get("call", 1)) > 0 for f in wanted):
        raise ValueError("next is a list of {kind} or {kind, call}, call being 1 or more")
    unknown = sorted({str(f.get("kind")) for f in wanted} | set(rates))
    unknown = [kind for kind in unknown if kind not in KINDS]
    if unknown:
        raise ValueError(f"unknown faults {unknown}; there are {sorted(KINDS)}")
    shares = [float(share) for share in rates.values()]
    if any(not 0 <= share <= 1 for share in shares) or sum(shares) > 1:
        raise ValueError("rates are shares of the calls, each from 0 to 1, together at most 1")
