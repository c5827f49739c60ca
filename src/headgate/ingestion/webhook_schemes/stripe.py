"""Stripe: `Stripe-Signature: t=1700000000,v1=…,v1=…`, each `v1` the HMAC-SHA256 of `{t}.{body}` by one of its secrets."""

from __future__ import annotations

from headgate.ingestion.webhook_schemes import Headers, Scheme, Signed, hex_hmac, instant_of, is_any


def _check(headers: Headers, body: bytes, secret: bytes) -> Signed | None:
    parts = [part.strip().partition("=") for part in headers.get("stripe-signature", "").split(",")]
    times = [value for name, _, value in parts if name == "t"]
    at = instant_of(times[0]) if len(times) == 1 else None
    if at is None:
        return None
    expected = hex_hmac(secret, times[0].encode() + b"." + body)
    return Signed(at) if is_any(expected, [value for name, _, value in parts if name == "v1"]) else None


SCHEME = Scheme(title="Stripe", check=_check)
