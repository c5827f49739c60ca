"""Standard Webhooks: `webhook-signature: v1,<base64>` over `{webhook-id}.{webhook-timestamp}.{body}`.

The secret may be written as its makers write it, `whsec_` and base64.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import sha256

from headgate.ingestion.webhook_schemes import Headers, Scheme, Signed, instant_of, is_any


def _check(headers: Headers, body: bytes, secret: bytes) -> Signed | None:
    name, written = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    at = instant_of(written)
    if at is None or not name:
        return None
    signed = f"{name}.{written}.".encode() + body
    expected = base64.b64encode(hmac.new(_key(secret), signed, sha256).digest()).decode()
    given = [one.partition(",") for one in headers.get("webhook-signature", "").split()]
    return Signed(at) if is_any(expected, [value for version, _, value in given if version == "v1"]) else None


def _key(secret: bytes) -> bytes:
    if not secret.startswith(b"whsec_"):
        return secret
    try:
        return base64.b64decode(secret[6:], validate=True)
    except binascii.Error:
        return secret


SCHEME = Scheme(title="Standard Webhooks", check=_check)
