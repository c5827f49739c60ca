"""The same people paid the same amounts within some days is the same payroll given twice, whatever it is called.

It holds where a limit says within how many days: salaries are the same every time.
"""

from headgate.funding.policy import Limit, Policy, Scene, Violation


def _judge(scene: Scene, limit: Limit) -> list[Violation]:
    assert limit.days is not None, "the policy needs a number of days"
    day = scene.request.pay_on
    if day is None:
        return []
    twins = [twin for twin in scene.twins if abs((twin.pay_on - day).days) <= (limit.days or 0)]
    if not twins:
        return []
    return [
        Violation(
            "duplicate_payroll",
            f"it pays the same people the same amounts as {twins[0].subject}",
            {"subjects": [twin.subject for twin in twins[:20]], "days": limit.days},
        )
    ]


POLICY = Policy(
    name="duplicate_payroll",
    title="Within how many days the same payments are a duplicate",
    needs=("days",),
    judge=_judge,
    client_message="This payroll looks like one that was submitted already. Contact support.",
    gates=frozenset({"commit"}),
)
