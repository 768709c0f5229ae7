"""Push messages of the 抖店 Open Platform: how a body is signed.

Source: the platform's guide "消息推送" and the vectors in `tests/shops/doudian/test_push.py`.
"""

from __future__ import annotations

import hashlib
import hmac


def event_sign(app_id: str, body: bytes, secret: str, algorithm: str) -> str:
    """Return the signature of one push, lower hex.

    Args:
        app_id: The header `app-id`.
        body: The raw bytes as they came.
        algorithm: `md5` or `hmac-sha256`, whichever the console says.

    Raises:
        ValueError: If the algorithm is neither of the two.
    """
    text = app_id.encode() + body + secret.encode()
    if algorithm == "hmac-sha256":
        return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    if algorithm == "md5":
        return hashlib.md5(text, usedforsecurity=False).hexdigest()
    raise ValueError(f"sign-method must be md5 or hmac-sha256, got {algorithm!r}")
