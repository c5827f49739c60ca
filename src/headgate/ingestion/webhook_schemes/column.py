"""Column: `Column-Signature` is the hexadecimal HMAC-SHA256 of the raw body. It says nothing of when."""

from __future__ import annotations

from headgate.ingestion.webhook_schemes import Headers, Scheme, Signed, hex_hmac, is_any


def _check(headers: Headers, body: bytes, secret: bytes) -> Signed | None:
    given = headers.get("column-signature", "").strip().lower()
    return Signed() if is_any(hex_hmac(secret, body), [given]) else None


SCHEME = Scheme(title="Column", check=_check, endpoint_header="webhook-endpoint-id")
