"""The access token: made once, kept on disk, refreshed by one process at a time."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stockbook.domain.problems import ShopRefused
from stockbook.shops.doudian.transport import TokenTroubleError, Transport, refusal

MARGIN = 3600  # [s] refresh when less than this is left, as the platform allows
EPOCH = 10**9  # a larger expires_in is an instant, a smaller one seconds left
STALE_LOCK = 60.0  # [s] a lock this old was left by a process that died
WAIT = 0.05


@dataclass(frozen=True, slots=True)
class Token:
    """One pair of tokens; neither ever shows in a repr."""

    access_token: str
    refresh_token: str
    expires_at: int

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at})"


class TokenCache:
    """Hands out a token that works; makes or refreshes it when it must."""

    def __init__(
        self,
        transport: Transport,
        shop_id: str,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        file: Path | None = None,
    ) -> None:
        self._transport = transport
        self._shop_id = shop_id
        self._clock = clock
        self._sleep = sleep
        self._file = file
        self._token: Token | None = None
        self._lock = threading.Lock()

    def get(self) -> str:
        """Return an access token that lasts a while."""
        with self._lock:
            token = self._token or self._load()
            if token is None or token.expires_at - self._clock() < MARGIN:
                token = self._renewed(token)
            self._token = token
            return token.access_token

    def replace(self, refused: str) -> str:
        """Return a new token after the platform refused one; only the first caller renews."""
        with self._lock:
            known = self._token or self._load()
            if known is None or known.access_token == refused:
                known = self._renewed(known, refused)
            self._token = known
            return known.access_token

    def _renewed(self, old: Token | None, refused: str = "") -> Token:
        """Renew under a lock that other processes see; one of them may have done it already."""
        with self._alone():
            found = self._load()
            late = found is None or found.expires_at - self._clock() < MARGIN
            if found is None or late or found.access_token == refused:
                found = self._refresh(old) or self._create()
                self._save(found)
            return found

    def _create(self) -> Token:
        params = {"code": "", "grant_type": "authorization_self", "shop_id": self._shop_id}
        try:
            return self._parse(self._transport.call("token.create", params))
        except TokenTroubleError as trouble:
            raise refusal("token.create", trouble.answer) from None

    def _refresh(self, old: Token | None) -> Token | None:
        """Return the refreshed pair, None where the old one is of no use any more."""
        if old is None or not old.refresh_token:
            return None
        params = {"grant_type": "refresh_token", "refresh_token": old.refresh_token}
        try:
            token = self._parse(self._transport.call("token.refresh", params))
        except (TokenTroubleError, ShopRefused):
            return None
        return token if token.expires_at - self._clock() >= MARGIN else None

    def _parse(self, data: Mapping[str, Any]) -> Token:
        left = int(data.get("expires_in") or 0)
        expires_at = left if left > EPOCH else int(self._clock()) + left
        return Token(str(data["access_token"]), str(data.get("refresh_token") or ""), expires_at)

    def _load(self) -> Token | None:
        if self._file is None:
            return None
        try:
            return Token(**json.loads(self._file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None  # unreadable: make a new one

    def _save(self, token: Token) -> None:
        if self._file is None:
            return
        fresh = self._file.with_suffix(f".{os.getpid()}.new")
        fresh.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(asdict(token), out)
        fresh.replace(self._file)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock file; one left behind by a dead process is taken over."""
        if self._file is None:
            yield
            return
        lock = self._file.with_suffix(".lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        waited = 0.0
        while not _made(lock) and waited < STALE_LOCK:
            self._sleep(WAIT)
            waited += WAIT
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _made(lock: Path) -> bool:
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
