"""Sign a request as the 抖店 Open Platform expects it.

Source: the platform's guide "签名算法" and the vectors in `tests/shops/doudian/test_signing.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any


def canonical_json(params: Mapping[str, Any]) -> str:
    """Return the request body exactly as it is signed and sent.

    Keys are sorted at every depth, arrays keep their order, nothing is escaped that JSON
    does not force, and there are no spaces.

    Raises:
        ValueError: If a number is NaN or infinite.

    Example:
        >>> canonical_json({"b": "茶&<", "a": [2, 1]})
        '{"a":[2,1],"b":"茶&<"}'
    """
    return json.dumps(
        params, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def sign(
    app_key: str,
    secret: str,
    method: str,
    param_json: str,
    timestamp: str,
    *,
    algorithm: str = "hmac-sha256",
) -> str:
    """Return the signature of one call, lower hex.

    Args:
        method: With dots, such as `order.searchList`.
        param_json: The body from `canonical_json`.
        timestamp: Unix seconds as text (or the legacy local time).
        algorithm: `hmac-sha256`, or the retiring `md5`.

    Raises:
        ValueError: If the algorithm is neither of the two.
    """
    middle = f"app_key{app_key}method{method}param_json{param_json}timestamp{timestamp}v2"
    text = f"{secret}{middle}{secret}".encode()
    if algorithm == "hmac-sha256":
        return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    if algorithm == "md5":
        return hashlib.md5(text, usedforsecurity=False).hexdigest()
    raise ValueError(f"sign_method must be hmac-sha256 or md5, got {algorithm!r}")
