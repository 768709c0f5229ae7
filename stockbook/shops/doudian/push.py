"""消息推送: the signature of what the platform sends to a merchant's address."""

from __future__ import annotations

import hashlib
import hmac

MD5, HMAC = "md5", "hmac-sha256"


def event_sign(app_id: str, body: bytes, secret: str, algorithm: str) -> str:
    """Return the header `event-sign` for a body, lower hex.

    Args:
        body: The raw bytes, not a JSON text made anew from them.
        algorithm: `md5` or `hmac-sha256`, as chosen in the platform's console.

    Raises:
        ValueError: There is no such algorithm.

    Example:
        >>> event_sign("fixed-app", b"body", "fixed-secret", "md5")
        '52ffa83d0da319aa6394a013350c7556'
    """
    text = app_id.encode() + body + secret.encode()
    if algorithm == MD5:
        return hashlib.md5(text).hexdigest()  # noqa: S324 - the platform's choice
    if algorithm == HMAC:
        return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    raise ValueError(f"no signature {algorithm!r}: md5 or hmac-sha256")


def genuine(app_id: str, body: bytes, secret: str, found: str) -> bool:
    """Tell whether a signature is ours; which algorithm made it shows in its length."""
    algorithm = MD5 if len(found) == len("52ffa83d0da319aa6394a013350c7556") else HMAC
    ours = event_sign(app_id, body, secret, algorithm)
    return hmac.compare_digest(ours.encode(), found.lower().encode())
