"""消息推送: what a message tells, by a whitelist. It says that something changed, never what.

Addresses, parcels and amounts that some tags carry are not read: the order itself is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stockbook.shops.doudian.fields import LONGEST_ID, instant, readable, whole

TEST = "0"  # the platform's test of an address
ORDER_TAGS = frozenset(map(str, (*range(100, 107), *range(108, 112), 113, 126, 137, 138)))
SALE_TAGS = frozenset(map(str, (*range(200, 210), *range(211, 219), *range(224, 228))))
PRODUCT_TAGS = frozenset({"400", "417"})
KNOWN = ORDER_TAGS | SALE_TAGS | PRODUCT_TAGS | {TEST}
TIMES = ("update_time", "create_time", "pay_time", "cancel_time", "complete_time", "modify_time",
         "apply_time", "success_time")  # fmt: skip


class NoMessagesError(Exception):
    """A body that is no list of messages."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the platform.

    Attributes:
        order_id, after_sale_id: What it is about, "" where it names none.
        at: The latest instant it names [Unix s], None where it names none.
    """

    msg_id: str
    tag: str
    order_id: str = ""
    after_sale_id: str = ""
    at: int | None = None


def read_messages(body: bytes) -> tuple[list[Message], int]:
    """Return a body's messages, and how many entries are none.

    Raises:
        NoMessagesError: It is not a JSON array.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NoMessagesError from error
    if not isinstance(found, list):
        raise NoMessagesError
    messages = [message for entry in found if (message := _message(entry)) is not None]
    return messages, len(found) - len(messages)


def _message(entry: Any) -> Message | None:
    if not isinstance(entry, Mapping):
        return None
    msg_id, tag = (_name(entry.get(key)) for key in ("msg_id", "tag"))
    if not msg_id or not tag:
        return None
    data = _data(entry.get("data"))
    times = [at for key in TIMES if (at := instant(data.get(key))) is not None]
    order_id, sale_id = _id(data.get("p_id")), _id(data.get("aftersale_id"))
    return Message(msg_id, tag, order_id, sale_id, max(times, default=None))


def _data(data: Any) -> Mapping[str, Any]:
    """Return the content, which comes as an object or as a text that holds one."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            return {}
    return data if isinstance(data, Mapping) else {}


def _name(value: Any) -> str:
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    return readable(text) if len(text) <= LONGEST_ID else ""


def _id(value: Any) -> str:
    number = whole(value)
    return str(number) if number and number > 0 else ""
