"""The parsers of files, measured on generated ones: bytes or rows to normalised records, and the memory it takes.

Each format stands beside the least that any reader of it must do, in the same run: lines split, XML walked, rows of CSV
parted, cells of a workbook read. What is published are medians of the rounds, of processor time, each task in a process
of its own.
"""

from .plan import Plan
from .report import show
from .run import run

__all__ = ["Plan", "run", "show"]
