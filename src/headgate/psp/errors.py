"""What can go wrong at the library's front door."""

from headgate.core.errors import ConfigError, Forbidden


class PayGateNotOptional(ConfigError):
    """The pay gate is always enforced; nothing turns it off."""

    code = "psp.pay_gate_not_optional"


class OverrideReasonMissing(ConfigError):
    """An override of the commit gate is audited with its reason; say why."""

    code = "psp.override_reason_missing"


class BoundElsewhere(Forbidden):
    """What is asked for belongs to another tenant or legal entity than this front door is bound to."""

    code = "psp.bound_elsewhere"
