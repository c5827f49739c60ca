"""The ACH codec, measured beside plain Python: each task in a process of its own, in turn, and the medians of the rounds.

A machine's speed drifts within minutes and is shared, so what is published are ratios within one run, of processor
time. The reference slices each entry into its fields and checks nothing. Where `carta-ach` is installed, its parse, which
checks nothing either, runs as well.
"""

from .plan import Plan
from .report import show
from .run import run

__all__ = ["Plan", "run", "show"]
