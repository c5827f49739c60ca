"""What a client has drawn of its credit line may not be more than a share of it; without a line nothing is drawn."""

from headgate.funding.policy import Limit, Policy, Scene, Violation


def _judge(scene: Scene, limit: Limit) -> list[Violation]:
    assert limit.ratio_bps is not None, "the policy needs a ratio"
    drawn = scene.drawn.minor if scene.drawn else 0
    line = scene.credit_limit.minor if scene.credit_limit else 0
    if drawn * 10_000 <= limit.ratio_bps * line:
        return []
    return [
        Violation(
            "max_credit_utilization",
            "more of the credit line is drawn than may be",
            {"drawn_minor": drawn, "line_minor": line, "limit_bps": limit.ratio_bps},
        )
    ]


POLICY = Policy(
    name="max_credit_utilization",
    title="The share of its credit line that a client may have drawn",
    needs=("ratio",),
    judge=_judge,
    client_message="Credit utilization at maximum. Please fund account.",
    default=Limit(ratio_bps=10_000),
)
