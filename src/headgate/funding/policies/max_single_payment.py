"""No single payment may be larger than the limit; equality passes."""

from headgate.funding.policy import Limit, Policy, Scene, Violation


def _judge(scene: Scene, limit: Limit) -> list[Violation]:
    assert limit.amount_minor is not None, "the policy needs an amount"
    over = [claim for claim in scene.request.claims if claim.amount.minor > (limit.amount_minor or 0)]
    if not over:
        return []
    largest = max(claim.amount.minor for claim in over)
    return [
        Violation(
            "max_single_payment",
            f"{len(over)} payments are over the limit of a single payment",
            {"limit_minor": limit.amount_minor, "largest_minor": largest, "payments": len(over)},
            tuple(claim.ref for claim in over),
        )
    ]


POLICY = Policy(
    name="max_single_payment",
    title="The most that one payment may be",
    needs=("amount",),
    judge=_judge,
    client_message="Payment exceeds single-transaction limit. Contact support.",
)
