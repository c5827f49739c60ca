"""Nobody who is blocked is paid, and nothing goes to a blocked account, whatever a limit says; only two people lift it."""

from headgate.funding.policy import Limit, Policy, Scene, Violation


def _judge(scene: Scene, limit: Limit) -> list[Violation]:
    blocked: dict[str, list[str]] = {}
    for claim in scene.request.claims:
        standing = scene.standings.get(claim.bank_account_id or "")
        if standing and standing.blocked and standing.party_id not in scene.unblocked:
            blocked.setdefault(standing.party_id, []).append(claim.ref)
    if not blocked:
        return []
    return [
        Violation(
            "blocked_payee",
            f"{len(blocked)} payees are blocked",
            {"party_ids": sorted(blocked)[:20], "payees": len(blocked)},
            tuple(ref for refs in blocked.values() for ref in refs),
        )
    ]


POLICY = Policy(
    name="blocked_payee",
    title="Payees and accounts that are not paid",
    needs=(),
    judge=_judge,
    client_message="A payee of this payroll cannot be paid. Contact support.",
    default=Limit(),
)
