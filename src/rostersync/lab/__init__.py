"""The lab: a synthetic Norwegian municipality, day by day, as exports and as accounts of what the LMS should hold.

Nobody in it exists. Its national numbers have 80 added to the month, its organisation numbers lie in a series without
organisations, its domains end in `.example`.
"""

from __future__ import annotations

from rostersync.lab.account import Account, AccountGroup, AccountSchool, AccountUser, Header, read_account, read_lines
from rostersync.lab.generate import Generated, Size, generate
from rostersync.lab.quirks import HELD, QUIRKS, REFUSED
from rostersync.lab.world import SCHOOLS, START, date_of

__all__ = [
    "HELD",
    "QUIRKS",
    "REFUSED",
    "SCHOOLS",
    "START",
    "Account",
    "AccountGroup",
    "AccountSchool",
    "AccountUser",
    "Generated",
    "Header",
    "Size",
    "date_of",
    "generate",
    "read_account",
    "read_lines",
]
