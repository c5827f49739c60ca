"""The gate's events as neighbouring systems read them: `funding.blocked` and `funding.insufficient_funds`.

```python
event = FundingBlocked.of(message["payload"])
notify(event.legal_entity_id, event.client_message)
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from headgate.core.errors import Malformed
from headgate.core.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingBlocked:
    """The gate stayed shut: which one, for what, and what is missing. `client_message` is what the client may read."""

    event_type: ClassVar[str] = "funding.blocked"

    evaluation_id: str
    gate_type: str
    subject: str
    legal_entity_id: str
    currency: str
    required_minor: int
    available_minor: int
    shortfall_minor: int
    block_reason: str
    client_message: str | None = None

    @property
    def required(self) -> Money:
        return Money(self.required_minor, self.currency)

    @property
    def available(self) -> Money:
        return Money(self.available_minor, self.currency)

    @property
    def shortfall(self) -> Money:
        """What is missing; zero where others hold the money or a policy said no."""
        return Money(self.shortfall_minor, self.currency)

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Self:
        """The event of a message's body. What a later version adds to the body is left alone. Raises Malformed."""
        schema = str(payload.get("schema", ""))
        if not schema.startswith(f"{cls.event_type}.v"):
            raise Malformed(f"this body's schema is {schema or 'missing'}; {cls.__name__} reads {cls.event_type}.v1")
        try:
            return cls(**{name: payload[name] for name in _FIELDS if name in payload or name != "client_message"})
        except KeyError as error:
            raise Malformed(f"the body of {cls.event_type} lacks {error.args[0]}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingInsufficientFunds(FundingBlocked):
    """The gate stayed shut for want of settled money: funding cures it. It comes beside `FundingBlocked`."""

    event_type: ClassVar[str] = "funding.insufficient_funds"


_FIELDS = tuple(field.name for field in fields(FundingBlocked))
