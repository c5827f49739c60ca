"""No more payments may leave on one day of the legal entity's zone than the limit says; equality passes."""

from headgate.funding.model import GateRequest
from headgate.funding.policy import Limit, Policy, Scene, Violation


def _measure(request: GateRequest) -> int:
    return len(request.claims)


def _judge(scene: Scene, limit: Limit) -> list[Violation]:
    assert limit.count is not None, "the policy needs a count"
    if scene.used + scene.taken <= limit.count:
        return []
    return [
        Violation(
            "velocity",
            "the day's payments would be more than its limit",
            {"limit_count": limit.count, "used_count": scene.used, "with_this_count": scene.used + scene.taken},
        )
    ]


POLICY = Policy(
    name="velocity",
    title="The most payments that may leave on one day",
    needs=("count",),
    judge=_judge,
    client_message="Daily payment limit reached. Payroll will process tomorrow.",
    measures=_measure,
)
