"""Histories of a model, told by Hypothesis."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings


def history_settings(count: int, *, steps: int, shrink: bool) -> settings:
    """That many histories of that many steps; `shrink`: a history that fails is made as small as can be."""
    return settings(
        max_examples=count,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
    )
