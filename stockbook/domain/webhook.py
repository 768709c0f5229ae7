"""Where messages go: the webhook of a group robot. Address and secret are both secrets."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from stockbook.domain.language import Label, say

LOCAL = ("127.0.0.1", "localhost")


class WebhookKind(StrEnum):
    """Whose robot it is."""

    FEISHU = "feishu"
    DINGTALK = "dingtalk"
    WECOM = "wecom"

    @property
    def label(self) -> Label:
        """The name people know it by."""
        return _LABELS[self]

    @property
    def has_secret(self) -> bool:
        """Whether it can sign; the one of WeCom has its key in the address."""
        return self is not WebhookKind.WECOM


_LABELS = {
    WebhookKind.FEISHU: Label("飞书", "Feishu"),
    WebhookKind.DINGTALK: Label("钉钉", "DingTalk"),
    WebhookKind.WECOM: Label("企业微信", "WeCom"),
}


@dataclass(frozen=True, slots=True)
class Webhook:
    """One robot; neither address nor secret shows in a repr."""

    kind: WebhookKind
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)

    @property
    def fingerprint(self) -> str:
        """A name for it that stays, and tells nothing of the address."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]


def address_fault(url: str) -> str:
    """Return what is wrong with an address in words that do not repeat it, "" where it is fine.

    Only https: the address itself is what lets anybody write to the group. http is taken for this
    machine, where tests listen.

    Example:
        >>> address_fault("https://open.feishu.cn/open-apis/bot/v2/hook/x")
        ''
        >>> address_fault("http://open.feishu.cn/open-apis/bot/v2/hook/x")
        '要以 https:// 开头'
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return say("不是完整的网址", "it is no whole address")
    if parts.scheme not in ("http", "https") or (parts.scheme == "http" and host not in LOCAL):
        return say("要以 https:// 开头", "it has to start with https://")
    if not host or parts.username is not None or any(c.isspace() for c in url):
        return say("不是完整的网址", "it is no whole address")
    return ""
