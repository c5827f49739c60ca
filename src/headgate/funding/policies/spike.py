"""A payroll may not need more than so many times the median of the legal entity's last payrolls; equality passes.

It is judged from the third payroll on: one or two say nothing of what is usual.
"""

from statistics import median

from headgate.funding.policy import Limit, Policy, Scene, Violation

PAYROLLS_MAX = 6
PAYROLLS_MIN = 3


def _judge(scene: Scene, limit: Limit) -> list[Violation]:
    assert limit.ratio_bps is not None, "the policy needs a ratio"
    last = list(scene.history[:PAYROLLS_MAX])
    if len(last) < PAYROLLS_MIN:
        return []
    usual = median(last)
    required = scene.request.required.minor
    if required * 10_000 <= usual * limit.ratio_bps:
        return []
    return [
        Violation(
            "spike",
            f"it needs more than is usual: the median of the last {len(last)} payrolls is far below",
            {
                "required_minor": required, "median_minor": int(usual), "payrolls": len(last),
                "limit_bps": limit.ratio_bps,
            },
        )
    ]  # fmt: skip


POLICY = Policy(
    name="spike",
    title="How many times the median of its last payrolls a payroll may need",
    needs=("ratio",),
    judge=_judge,
    client_message="This payroll is much larger than usual and needs a review. Contact support.",
    gates=frozenset({"commit"}),
    default=Limit(ratio_bps=20_000),
)
