"""The gate's policies, one file each: POLICY of each module is found by the registry. A new file is a new policy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from headgate.core import registry
from headgate.funding.policy import Policy


@cache
def registered() -> Mapping[str, Policy]:
    """Every policy by its name, which is that of its file, in the order in which violations are told."""
    found = registry.discover(__name__, kind=Policy, attribute="POLICY")
    for name, policy in found.items():
        assert policy.name == name, f"policies/{name}.py defines {policy.name}"
    return found
