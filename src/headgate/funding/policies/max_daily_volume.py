"""What leaves on one day of the legal entity's zone, reserved or sent, may not be more than the limit; equality passes."""

from headgate.funding.model import GateRequest
from headgate.funding.policy import Limit, Policy, Scene, Violation


def _measure(request: GateRequest) -> int:
    return request.required.minor


def _judge(scene: Scene, limit: Limit) -> list[Violation]:
    assert limit.amount_minor is not None, "the policy needs an amount"
    if scene.used + scene.taken <= limit.amount_minor:
        return []
    return [
        Violation(
            "max_daily_volume",
            "the day's volume would be over its limit",
            {"limit_minor": limit.amount_minor, "used_minor": scene.used, "with_this_minor": scene.used + scene.taken},
        )
    ]


POLICY = Policy(
    name="max_daily_volume",
    title="The most that may leave on one day",
    needs=("amount",),
    judge=_judge,
    client_message="Daily payment limit reached. Payroll will process tomorrow.",
    measures=_measure,
)
