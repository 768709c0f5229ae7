r"""The protocols of three group robots: what a message looks like, and what an answer means.

| | signature | yes | limits |
|---|---|---|---|
| Feishu | body: `timestamp` [s], `sign` | `code` 0 (older: `StatusCode` 0) | 100/min, 5/s; 20 KB |
| DingTalk | query: `timestamp` [ms], `sign` | `errcode` 0 | 20/minute, else none for 10 minutes |
| WeCom | none, the key is in the address | `errcode` 0 | 20/minute; text of 2,048 bytes |

`sign` is base64 of HMAC-SHA256: Feishu's key is "timestamp\nsecret" and signs nothing, DingTalk's
key is the secret and signs "timestamp\nsecret".

Source: Feishu, the "自定义机器人使用指南" of open.larkoffice.com and open.larksuite.com: signature,
one hour of tolerance, limits, 0, 9499 (a body it cannot read), 19021, 11232. 19001, 19022 and
19024 as others met them.
DingTalk, as others quote open.dingtalk.com: signature, limit, and its table (310000, 400013,
400101, 400102, 400106, 410100, 43010x); 300001, 300005 and 130101 as others met them. WeCom, as
others quote "群机器人配置说明" (developer.work.weixin.qq.com, 91770): 2,048 bytes, 20 a minute;
40058, 45009 and 93000 as others met them.

Not verified: how long a text DingTalk takes (5,000 is the oldest figure), 660026, 90030. Nothing
of this was tried against a real group.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from stockbook.domain.language import Label, say
from stockbook.domain.webhook import Webhook, WebhookKind

LONGEST = {WebhookKind.FEISHU: 18_000, WebhookKind.DINGTALK: 5_000, WebhookKind.WECOM: 2_048}
SERVER_FAULT, TOO_MANY, TIMED_OUT, GOOD = 500, 429, 408, 2
SHORT = 6  # a shorter part of an address is no secret, and masking it would garble the answer
LONGEST_WORDS = 160  # characters of a robot's own words
MASK = "***"
BUSY = {
    WebhookKind.FEISHU: {11232, 99991400},
    WebhookKind.DINGTALK: {130101, 410100, 660026, 90030},
    WebhookKind.WECOM: {45009},
}


class Verdict(StrEnum):
    """What an answer means."""

    TAKEN = "taken"  # for certain
    LATER = "later"  # nobody knows; another time
    BUSY = "busy"  # too many messages
    REFUSED = "refused"  # until somebody mends something


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in words people understand.

    Attributes:
        reason: What was found.
        code: The robot's own number of it, None where it gave none.
        cure: What to do, where it is refused.
        wait_seconds: What the robot asked us to wait.
    """

    verdict: Verdict
    reason: str = ""
    code: int | None = None
    cure: str = ""
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True)
class RobotRequest:
    """What to post; `secrets` are the parts that no answer may repeat."""

    url: str = field(repr=False)
    body: bytes
    secrets: tuple[str, ...] = field(repr=False)


def request_for(webhook: Webhook, text: str, now: float) -> RobotRequest:
    """Return the request that brings a text to a group, cut to what its robot takes.

    Args:
        now: Unix s; a signature holds for an hour around it.
    """
    content = fitted(text.replace("<at", "＜at"), LONGEST[webhook.kind])  # names call nobody
    url, body = webhook.url, dict[str, Any]()
    if webhook.kind == WebhookKind.FEISHU:
        body = {"msg_type": "text", "content": {"text": content}}
        if webhook.secret:
            stamp = str(int(now))
            body = {"timestamp": stamp, "sign": feishu_sign(webhook.secret, stamp), **body}
    else:
        body = {"msgtype": "text", "text": {"content": content}}
        if webhook.secret and webhook.kind == WebhookKind.DINGTALK:
            stamp = str(int(now * 1000))
            url = _with_query(url, timestamp=stamp, sign=dingtalk_sign(webhook.secret, stamp))
    data = json.dumps(body, ensure_ascii=False).encode()
    return RobotRequest(url, data, _secrets(webhook, url, str(body.get("sign", ""))))


def feishu_sign(secret: str, stamp: str) -> str:
    """Return Feishu's signature; timestamp and secret are the key, and nothing is signed.

    Args:
        stamp: Unix s as text.

    Example:
        >>> feishu_sign("demo", "100")
        'jquNHnVOwmDRfw+vqTIrY5dooJAgi5EcRtLsQE4wfXg='
    """
    return _hmac(f"{stamp}\n{secret}", "")


def dingtalk_sign(secret: str, stamp: str) -> str:
    """Return DingTalk's signature, before it is quoted for the address.

    Args:
        stamp: Unix ms as text.
    """
    return _hmac(secret, f"{stamp}\n{secret}")


def _hmac(key: str, message: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), message.encode(), "sha256")).decode()


def _with_query(url: str, **values: str) -> str:
    """Return the address with these values in its query instead of any of the same name."""
    parts = urlsplit(url)
    kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k not in values]
    return urlunsplit(parts._replace(query=urlencode([*kept, *values.items()])))


def _secrets(webhook: Webhook, url: str, sign: str) -> tuple[str, ...]:
    """Return every text an answer must not repeat: address, its key, secret, signature."""
    found = {webhook.url, url, webhook.secret, sign}
    for address in (webhook.url, url):
        parts = urlsplit(address)
        found |= {parts.query, parts.path.rpartition("/")[2]}
        found |= {value for _, value in parse_qsl(parts.query)}
    found |= {quote(text, safe="") for text in found}
    return tuple(text for text in found if len(text) >= SHORT)


def fitted(text: str, longest: int) -> str:
    r"""Return a text of at most `longest` bytes of UTF-8, cut between lines.

    The first line and the last one stay; what is left out is counted. A line that is too long by
    itself is cut between characters.

    Example:
        >>> print(fitted("一\n" + "二\n" * 20 + "四", 45))
        一
        （省略 20 行，见工作簿）
        四
    """
    if len(text.encode()) <= longest:
        return text
    *lines, last = text.split("\n")
    for kept in range(len(lines) - 1, 0, -1):
        n = len(lines) - kept
        note = say(f"（省略 {n} 行，见工作簿）", f"({n} lines left out, see the workbook)")
        shorter = "\n".join([*lines[:kept], note, last])
        if len(shorter.encode()) <= longest:
            return shorter
    return text.encode()[: longest - 3].decode(errors="ignore") + "…"


def read_answer(
    kind: WebhookKind,
    status: int,
    body: bytes,
    *,
    retry_after: str = "",
    secrets: Iterable[str] = (),
) -> Answer:
    """Return what a robot's answer means; only its own "0" is a yes.

    Args:
        status: Of HTTP; robots say no with 200, too.
        retry_after: The header of that name.
        secrets: What the answer's words must not repeat.
    """
    wait = int(retry_after) if retry_after.isdecimal() else 0
    said = _json(body)
    code = _code(said)
    good = status // 100 == GOOD
    if code is None or status == TOO_MANY or status >= SERVER_FAULT or (code == 0 and not good):
        return _by_status(status, wait)
    if code == 0:
        return Answer(Verdict.TAKEN, code=0)
    reason = f"{code} {_masked(_message(said), secrets)[:LONGEST_WORDS]}".strip()
    if code in BUSY[kind]:
        return Answer(Verdict.BUSY, reason, code, wait_seconds=wait)
    cure = _cure(kind, code, reason)
    return Answer(Verdict.REFUSED if cure else Verdict.LATER, reason, code, cure, wait)


def _by_status(status: int, wait: int) -> Answer:
    """Return what an answer means that says nothing but its status."""
    if status == TOO_MANY:
        return Answer(Verdict.BUSY, f"HTTP {status}", wait_seconds=wait)
    if status // 100 in (3, 4) and status != TIMED_OUT:
        return Answer(Verdict.REFUSED, f"HTTP {status}", cure=str(_ADDRESS))
    if status // 100 == GOOD:
        return Answer(Verdict.LATER, say("答复看不懂", "an answer that is none"))
    return Answer(Verdict.LATER, f"HTTP {status}", wait_seconds=wait)


def _masked(words: str, secrets: Iterable[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        words = words.replace(secret, MASK)
    return words


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _code(said: Mapping[str, Any]) -> int | None:
    """Return the code; Feishu's `code` is the newer of its two."""
    for name in ("errcode", "code", "StatusCode"):
        value = said.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lstrip("-").isdecimal():
            return int(value)
    return None


def _message(said: Mapping[str, Any]) -> str:
    words = said.get("errmsg") or said.get("msg") or said.get("StatusMessage") or ""
    return " ".join(str(words).split())


_SIGN = Label(
    "请核对机器人安全设置里的签名密钥，和电脑的时间",
    "Check the signing secret in the robot's security settings, and the PC's clock",
)
_KEYWORD = Label(
    "请在机器人安全设置里把关键词设成 StockBook（每条消息都有它）",
    "Make StockBook, which every message holds, the keyword in the robot's security settings",
)
_ADDRESS_LIST = Label(
    "请在机器人安全设置里把这台电脑的网络地址加进白名单，或换成签名",
    "Add this PC's network address to the robot's list, or choose the signature instead",
)
_ADDRESS = Label(
    "请在群里重新复制机器人的 webhook 地址，存好后重新开始监控",
    "Copy the robot's webhook address from the group again, store it, and start watching again",
)
_STOPPED = Label(
    "请在群设置里启用机器人，或新建一个并换上它的地址",
    "Enable the robot in the group's settings, or make a new one and store its address",
)
_CONTENT = Label(
    "消息内容没通过平台检查，请看商品名里有没有敏感词或网址；其他商品的预警稍后照常发",
    "The platform does not like the text: look for banned words or links in SKU names",
)
_CURES: dict[WebhookKind, dict[int, Label]] = {
    WebhookKind.FEISHU: {
        19021: _SIGN,
        19022: _ADDRESS_LIST,
        19024: _KEYWORD,
        19001: _ADDRESS,
    },
    WebhookKind.DINGTALK: {
        300001: _ADDRESS,
        300005: _ADDRESS,
        400101: _ADDRESS,
        400102: _STOPPED,
        400106: _STOPPED,
        400013: _STOPPED,
        **dict.fromkeys(range(430101, 430105), _CONTENT),
    },
    WebhookKind.WECOM: {93000: _ADDRESS, 40058: _CONTENT},
}
SECURITY = 310000  # DingTalk's one code for all its security settings; the words tell which


def _cure(kind: WebhookKind, code: int, reason: str) -> str:
    """Return what to do about a refusal, "" where nobody knows that it is one."""
    if kind == WebhookKind.DINGTALK and code == SECURITY:
        words = reason.lower()
        if "keyword" in words:
            return str(_KEYWORD)
        return str(_ADDRESS_LIST if "whitelist" in words else _SIGN)
    return str(_CURES[kind].get(code, ""))
