"""The tokens of the practice shop: codes, pairs, and when each of them dies."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

DAY = 86_400
TOKEN_LASTS, REFRESH_LASTS, LAST_HOUR, CODE_LASTS = 7 * DAY, 14 * DAY, 3600, 600
Fields = dict[str, Any]


class RefusedError(Exception):
    """The platform's answer to a call that it does not take."""

    def __init__(self, code: int, sub_code: str, sub_msg: str, data: Any = None) -> None:
        super().__init__(sub_code)
        self.code, self.sub_code, self.sub_msg, self.data = code, sub_code, sub_msg, data


def failed(number: int, why: str) -> RefusedError:
    """Return one of the token methods' refusals."""
    return RefusedError(50002, f"isv.business-failed:{number}", why)


@dataclass
class Tokens:
    """One pair of tokens at a time; an old pair lasts an hour more when it is replaced late.

    Attributes:
        tool: The app is a tool app: only a merchant's code makes a pair.
        codes: Authorisation codes that nobody has used → when they were made.
    """

    pair: Fields = field(default_factory=dict)
    made_at: int = 0
    old: dict[str, int] = field(default_factory=dict)
    made: int = 0
    refreshed: int = 0
    expired: bool = False
    tool: bool = False
    codes: dict[str, int] = field(default_factory=dict)

    def authorize(self, now: int) -> str:
        """Return a code as a merchant's consent makes it: for ten minutes, for one use."""
        code = secrets.token_hex(16)
        self.codes[code] = now
        return code

    def grant(self, kind: str, code: str, now: int) -> Fields:
        """Return a new pair for a grant, if this app may have it."""
        if kind == "authorization_code":
            if now - self.codes.pop(code, now - CODE_LASTS - 1) > CODE_LASTS:
                raise failed(31007, "授权码已过期或已使用")
        elif kind != "authorization_self" or self.tool:
            raise failed(31003, "grant_type 不支持")
        return self.create(now)

    def create(self, now: int) -> Fields:
        """Return a new pair."""
        self.made += 1
        self.made_at, self.expired = now, False
        self.pair = {"access_token": secrets.token_hex(16), "refresh_token": secrets.token_hex(16)}
        return self.pair

    def refresh(self, given: str, now: int) -> Fields:
        """Return the same pair early in its life, a new one in its last hour or after.

        A pair that was replaced in its last hour is good for an hour more, its refresh token too.
        """
        if given and self.old.get(given, 0) > now:
            return self.pair
        if given != self.pair.get("refresh_token") or now - self.made_at > REFRESH_LASTS:
            raise failed(31009, "refresh_token 不存在或已失效")
        left = self.left(now)
        if left > LAST_HOUR:
            return self.pair
        self.old = dict.fromkeys(self.pair.values(), now + LAST_HOUR) if left > 0 else {}
        self.refreshed += 1
        return self.create(now)

    def left(self, now: int) -> int:
        """Return how long the access token lasts [s]."""
        return 0 if self.expired else self.made_at + TOKEN_LASTS - now

    def expire(self) -> None:
        """End the access token at once."""
        self.expired = True

    def check(self, token: str, now: int) -> None:
        """Raise where a token does not open the door."""
        if not token:
            raise RefusedError(40001, "isv.access-token-missing", "缺少 access_token")
        if self.old.get(token, 0) > now:
            return
        if token != self.pair.get("access_token"):
            raise RefusedError(40003, "isv.access-token-no-existed", "access_token 不存在")
        if self.left(now) <= 0:
            raise RefusedError(40003, "isv.access-token-expired", "access_token 已过期")
