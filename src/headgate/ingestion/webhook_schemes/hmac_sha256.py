"""Anybody's: `X-Signature` is the hexadecimal HMAC-SHA256 of the raw body, with or without `sha256=` before it."""

from __future__ import annotations

from headgate.ingestion.webhook_schemes import Headers, Scheme, Signed, hex_hmac, is_any


def _check(headers: Headers, body: bytes, secret: bytes) -> Signed | None:
    given = headers.get("x-signature", "").strip().lower().removeprefix("sha256=")
    return Signed() if is_any(hex_hmac(secret, body), [given]) else None


SCHEME = Scheme(title="HMAC-SHA256 of the body", check=_check)
