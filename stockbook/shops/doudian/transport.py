"""One signed call to the platform: time-outs, few retries with backoff and jitter, and an end."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from stockbook.domain.language import say
from stockbook.domain.problems import ShopRefused, ShopUnavailable
from stockbook.shops.doudian.signing import canonical_json, sign

TIMEOUT = (5, 20)  # [s] to connect, to answer
TRIES = 6
BACKOFF, LONGEST_WAIT = 0.5, 30.0  # [s] the first wait's bound; all waits together
OK, PARTLY = 10000, 10001
RETRYABLE = {20000, 20001, 60000, 90000}
BUSY = ("20004", "20005", "2010401", "31012")  # endings of sub_code that mean "later"
TOO_MANY_ROWS = "20013"
REPEATED_ID = (":40010", ":2010021", ":-20002", "idempotent-id-existed")  # the four faces
SERVER_BUSY, TOO_MANY = 500, 429
SKEW = "timestamp"
TOKEN_TROUBLE = ("access-token", "authorization-no-existed", "authorization-closed")
SECRET_PARAMS = ("refresh_token", "code")
Answer = Mapping[str, Any]
logging.getLogger("urllib3").setLevel(logging.ERROR)  # its debug lines hold signed addresses


@dataclass(frozen=True, slots=True)
class Account:
    """Where the platform is and who we are; the secret never shows in a repr."""

    gateway: str
    app_key: str
    app_secret: str = field(repr=False)
    shop_id: str


@dataclass
class Stats:
    """What the calls of one run cost."""

    requests: int = 0
    retries: int = 0
    renewals: int = 0
    waited_seconds: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)

    def told(self) -> tuple[str, ...]:
        """Return in sentences what the run waited for; none where it waited for nothing."""
        found = []
        if self.retries:
            why = "、".join(f"{reason} ×{n}" for reason, n in self.reasons.most_common())
            found.append(
                say(
                    f"抖店让我们等了 {self.retries} 次、共 {self.waited_seconds:.1f} 秒：{why}",
                    f"the shop made us wait {self.retries} times, {self.waited_seconds:.1f} s "
                    f"in all: {why}",
                )
            )
        if self.renewals:
            n = self.renewals
            found.append(say(f"访问令牌更新了 {n} 次", f"the access token was renewed {n} times"))
        return tuple(found)


class ParameterError(ShopRefused):
    """What was asked for does not exist, or not like this."""


class RowCapError(ParameterError):
    """The query has more rows than the platform lets one page through; ask for less time."""


class GrantError(ShopRefused):
    """A code or a refresh token is used up, too old or not ours."""


class RepeatedError(ShopRefused):
    """This idempotent id was used before: what it asked for has been done."""


class TokenTroubleError(Exception):
    """The platform does not take this token (any more)."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.get("sub_code")))
        self.answer = answer


class _LaterError(Exception):
    """This try failed; another may do."""


class Transport:
    """Signs and sends; knows the platform's clock from its answers."""

    def __init__(
        self,
        account: Account,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._progress = progress
        self._gateway = account.gateway.rstrip("/")
        self._app_key = account.app_key
        self._secret = account.app_secret
        self._local = clock
        self._sleep = sleep
        self._ahead: float | None = None  # [s] the platform's clock minus the PC's
        self._session = requests.Session()
        self._session.trust_env = not self._gateway.startswith("http://127.")
        self.stats = Stats()

    def clock(self) -> int | None:
        """Return the platform's time [Unix s], None before its first answer.

        Its seconds began up to one second earlier, so the time may be one second behind.
        """
        return None if self._ahead is None else int(self._local() + self._ahead)

    def call(self, method: str, params: Mapping[str, Any], token: str = "") -> Any:
        """Call one method and return its `data`.

        Raises:
            RowCapError: Too many rows to page through.
            ShopRefused: The platform will not answer this, however often it is asked.
            ShopUnavailable: No whole answer after all tries.
            TokenTroubleError: The token is missing, dead or not ours.
        """
        waited, corrected = 0.0, False
        for attempt in range(TRIES):
            try:
                answer = self._once(method, params, token)
            except _LaterError as later:
                wait = random.uniform(0, BACKOFF * 2**attempt)  # noqa: S311 - jitter, no secret
                if attempt == TRIES - 1 or waited + wait > LONGEST_WAIT:
                    raise self._unavailable(method, later) from later
                waited += wait
                self._wait(method, later, wait)
                continue
            if not corrected and answer["code"] != OK and SKEW in str(answer.get("sub_code")):
                corrected = True  # sign once more, with the platform's own time
                continue
            return self._data(method, answer)
        raise self._unavailable(method, None)

    def _wait(self, method: str, later: Exception, wait: float) -> None:
        self.stats.retries += 1
        self.stats.waited_seconds += wait
        self.stats.reasons[str(later)] += 1
        self._progress(
            say(
                f"抖店 {method}：{later}，等 {wait:.1f} 秒再试（第 {self.stats.retries} 次等待）",
                f"{method}: {later}; trying again in {wait:.1f} s (wait {self.stats.retries})",
            )
        )
        self._sleep(wait)

    def _once(self, method: str, params: Mapping[str, Any], token: str) -> Answer:
        body = canonical_json(params)
        stamp = str(self.clock() or int(self._local()))
        query = {
            "method": method,
            "app_key": self._app_key,
            "access_token": token,
            "timestamp": stamp,
            "v": "2",
            "sign_method": "hmac-sha256",
            "sign": sign(self._app_key, self._secret, method, body, stamp),
        }
        self.stats.requests += 1
        try:
            response = self._session.post(
                f"{self._gateway}/{method.replace('.', '/')}",
                params={k: v for k, v in query.items() if v},
                data=body.encode(),
                headers={
                    "Content-Type": "application/json",
                    "from": "sdk",
                    "x-open-no-old-err-code": "1",
                },
                timeout=TIMEOUT,
            )
        except requests.RequestException as error:  # its text may hold the signed address
            raise _LaterError(_broken(error)) from None
        self._learn_clock(response)
        secrets = (self._secret, token, *(str(params.get(name) or "") for name in SECRET_PARAMS))
        return _without(secrets, _whole(response))

    def _learn_clock(self, response: requests.Response) -> None:
        stamp = response.headers.get("Date")
        if stamp:
            self._ahead = parsedate_to_datetime(stamp).timestamp() - self._local()

    def _data(self, method: str, answer: Answer) -> Any:
        if answer["code"] == OK:
            return answer.get("data") or {}
        if answer["code"] == PARTLY and answer.get("data"):
            return answer["data"]  # its rows say one by one what became of them
        sub = str(answer.get("sub_code") or "")
        if any(mark in sub for mark in TOKEN_TROUBLE):
            raise TokenTroubleError(answer)
        raise refusal(method, answer)

    def _unavailable(self, method: str, last: Exception | None) -> ShopUnavailable:
        what = str(last) if last else "…"
        return ShopUnavailable(
            say(
                f"抖店接口 {method} 没有给出完整答复（{what}），已重试 {self.stats.retries} 次。"
                f"请检查网络和网关地址 {self._gateway}，稍后再试；没有记下半截数据",
                f"{method} gave no whole answer ({what}) after {self.stats.retries} retries. "
                f"Check the network and the gateway {self._gateway}, then try again; "
                "nothing was half recorded",
            )
        )


def _whole(response: requests.Response) -> Answer:
    """Return the answer's envelope; half an answer or a busy shop means another try."""
    if response.status_code >= SERVER_BUSY or response.status_code == TOO_MANY:
        raise _LaterError(f"HTTP {response.status_code}")
    try:
        answer = response.json()
        code = int(answer["code"])
    except (ValueError, KeyError, TypeError):
        raise _LaterError(say("答复不完整", "half an answer")) from None
    sub = str(answer.get("sub_code") or "")
    if code in RETRYABLE or sub.endswith(BUSY):
        raise _LaterError(f"{code} {sub}".strip())
    return {**answer, "code": code}


def _broken(error: requests.RequestException) -> str:
    """Return what went wrong on the way, in a word."""
    if isinstance(error, requests.Timeout):
        return say("超时", "time-out")
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return say("连接中断", "connection lost")
    return type(error).__name__


def _without(secrets: Iterable[str], answer: Answer) -> Answer:
    """Return an answer whose words repeat no secret: they are shown to people and logged."""
    words = {name: str(answer.get(name) or "") for name in ("msg", "sub_code", "sub_msg")}
    for secret in filter(None, secrets):
        words = {name: text.replace(secret, "…") for name, text in words.items()}
    return {**answer, **words}


def refusal(method: str, answer: Answer) -> ShopRefused:
    """Return the error for an answer that stays the same however often one asks."""
    sub = str(answer.get("sub_code") or "")
    detail = f"{answer['code']} {sub} {answer.get('sub_msg') or answer.get('msg') or ''}".strip()
    log = answer.get("log_id") or "–"
    error = _kind(method, sub)(
        say(
            f"抖店拒绝了 {method}：{detail}（log_id {log}）。{_cure(sub)}",
            f"The shop refused {method}: {detail} (log_id {log}). {_cure(sub)}",
        )
    )
    error.sub_code = sub
    return error


def _kind(method: str, sub: str) -> type[ShopRefused]:
    if method.startswith("token."):
        return GrantError if "business-failed" in sub else ShopRefused
    if sub.endswith(REPEATED_ID):
        return RepeatedError
    if sub.endswith(TOO_MANY_ROWS):
        return RowCapError
    return ParameterError if "parameter-invalid" in sub else ShopRefused


def _cure(sub: str) -> str:
    cures = {
        "31003": say(
            "工具型应用须由商家授权：请取授权码后运行 stockbook authorize 授权码",
            "A tool app is authorised by the merchant: get a code, run stockbook authorize CODE",
        ),
        "31007": say(
            "授权码 10 分钟内有效、只能用一次；请取一个新的",
            "A code is good for 10 minutes and one use: get a new one",
        ),
        "31006": say("请重新授权店铺", "Authorise the shop again"),
        "signature": say(
            "请核对应用密钥 app_secret（STOCKBOOK_APP_SECRET 或系统钥匙串）",
            "Check the app secret (STOCKBOOK_APP_SECRET or the keyring)",
        ),
        "timestamp": say("请校准电脑时间", "Set the PC's clock"),
        "app-id": say("请核对应用编号 app_key", "Check the app key"),
        "token": say("请重新授权店铺", "Authorise the shop again"),
        "authorization": say("请重新授权店铺", "Authorise the shop again"),
        "whitelist": say("请把本机 IP 加入白名单", "Add this PC's IP to the whitelist"),
    }
    found = next((cure for word, cure in cures.items() if word in sub), None)
    return found or say("请按提示处理，或联系平台技术支持", "Do as it says, or ask the platform")
