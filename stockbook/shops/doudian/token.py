"""The access token: granted once, kept on disk, refreshed by one process at a time.

Two kinds of apps: a self-use app is granted a pair of tokens whenever it asks; a tool app gets one
for a code that the merchant's consent makes, and must be authorised again once its refresh token
is dead. The file says which grant its pair came from, so one never stands in for the other.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stockbook.domain.language import say
from stockbook.domain.problems import ShopRefused, ShopUnavailable
from stockbook.shops.doudian.transport import GrantError, TokenTroubleError, Transport, refusal

SELF, CODE = "authorization_self", "authorization_code"
MARGIN = 3600  # [s] refresh when less than this is left, as the platform allows
EPOCH = 10**9  # a larger expires_in is an instant, a smaller one seconds left
LONGEST_LOCK = 90.0  # [s] a refresh with all its tries takes less


@dataclass(frozen=True, slots=True)
class Token:
    """One pair of tokens; neither ever shows in a repr.

    Attributes:
        grant: What it came from: `SELF` or `CODE`.
        before: The refresh token that this pair's replaced. Where the answer to a refresh was
            lost it may be the one that still works.
    """

    access_token: str
    refresh_token: str
    expires_at: int
    grant: str = SELF
    before: str = ""

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at}, grant={self.grant!r})"


class TokenCache:
    """Hands out a token that works; makes or refreshes it when it must."""

    def __init__(
        self,
        transport: Transport,
        shop_id: str,
        *,
        clock: Callable[[], float],
        file: Path | None = None,
    ) -> None:
        self._transport = transport
        self._shop_id = shop_id
        self._clock = clock
        self._file = file
        self._token: Token | None = None
        self._lock = threading.Lock()

    def get(self) -> str:
        """Return an access token that lasts a while."""
        with self._lock:
            token = self._token or self._load()
            if token is None or not self._good(token):
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

    def authorize(self, code: str) -> None:
        """Exchange a merchant's code for a pair, and keep it.

        Raises:
            ShopRefused: The code is used or too old, or it authorises another shop.
        """
        with self._lock, self._alone():
            data = self._create({"code": code, "grant_type": CODE})
            shop = str(data.get("shop_id") or self._shop_id)
            if shop != self._shop_id:
                raise ShopRefused(
                    say(
                        f"这个授权码属于店铺 {shop}，而 STOCKBOOK_SHOP_ID 是 {self._shop_id}；"
                        "请改正店铺编号，再取一个新的授权码",
                        f"this code authorises shop {shop}, and STOCKBOOK_SHOP_ID says "
                        f"{self._shop_id}: correct it and get a new code",
                    )
                )
            self._token = self._parse(data, CODE)
            self._save(self._token)

    def _good(self, token: Token, refused: str = "") -> bool:
        """Tell whether a token will do: not the refused one, and with an hour left."""
        now = self._transport.clock() or self._clock()
        return token.access_token != refused and token.expires_at - now >= MARGIN

    def _renewed(self, old: Token | None, refused: str = "") -> Token:
        """Renew under a lock that other processes see; one of them may have done it already."""
        with self._alone():
            found = self._load() or old
            if found is None or not self._good(found, refused):
                found = self._refreshed(found, refused) or self._granted(found)
                self._save(found)
            return found

    def _refreshed(self, old: Token | None, refused: str) -> Token | None:
        """Return the refreshed pair, None where what we hold is of no use any more."""
        for given in (old.refresh_token, old.before) if old else ():
            if not given:
                continue
            params = {"grant_type": "refresh_token", "refresh_token": given}
            try:
                data = self._transport.call("token.refresh", params)
            except (TokenTroubleError, GrantError):
                continue
            new = self._parse(data, old.grant if old else SELF)
            if self._good(new, refused):
                self._transport.stats.renewals += 1
                return replace(new, before=given if given != new.refresh_token else "")
        return None

    def _granted(self, old: Token | None) -> Token:
        """Return a pair from nothing, as only self-use apps may.

        Raises:
            ShopRefused: This is a tool app: a person must authorise it again.
        """
        if old is not None and old.grant == CODE:
            raise ShopRefused(
                say(
                    "店铺授权已失效（刷新令牌 14 天不用就会过期，或商家取消了授权）。"
                    "请在服务市场重新授权，10 分钟内运行 stockbook authorize 授权码；"
                    "账本和工作簿都没有动",
                    "The shop's authorisation has ended (a refresh token dies after 14 days "
                    "without use, or the merchant took it back). Authorise the app again and run "
                    "stockbook authorize CODE within 10 minutes; ledger and workbook are untouched",
                )
            )
        params = {"code": "", "grant_type": SELF, "shop_id": self._shop_id}
        token = self._parse(self._create(params), SELF)
        self._transport.stats.renewals += old is not None
        return token

    def _create(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            data: Mapping[str, Any] = self._transport.call("token.create", params)
        except TokenTroubleError as trouble:
            raise refusal("token.create", trouble.answer) from None
        return data

    def _parse(self, data: Mapping[str, Any], grant: str) -> Token:
        left = int(data.get("expires_in") or 0)
        now = int(self._transport.clock() or self._clock())
        expires_at = left if left > EPOCH else now + left
        access = str(data.get("access_token") or "")
        return Token(access, str(data.get("refresh_token") or ""), expires_at, grant)

    def _load(self) -> Token | None:
        """Return the pair on disk; of an unreadable file only the grant is kept."""
        try:
            text = self._file.read_text(encoding="utf-8", errors="replace") if self._file else ""
        except OSError:
            return None
        try:
            found = json.loads(text)
            return Token(
                str(found["access_token"]),
                str(found["refresh_token"]),
                int(found["expires_at"]),
                str(found.get("grant", SELF)),
                str(found.get("before", "")),
            )
        except (ValueError, TypeError, KeyError):
            return Token("", "", 0, CODE) if CODE in text else None

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
        """Hold the shop's refresh lock; the system frees it when a process dies.

        Raises:
            ShopUnavailable: Another process holds it for longer than a refresh can take.
        """
        if self._file is None:
            yield
            return
        lock = self._file.with_suffix(".lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            held = FileLock(lock, timeout=LONGEST_LOCK).acquire()
        except Timeout:
            raise ShopUnavailable(
                say(
                    f"另一个 StockBook 正在更新授权，{LONGEST_LOCK:.0f} 秒还没有完成；请稍后再试",
                    f"another StockBook has been renewing the token for {LONGEST_LOCK:.0f} s; "
                    "try again later",
                )
            ) from None
        with held:
            yield
