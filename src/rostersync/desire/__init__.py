"""From one person's card, or one group's facts, to what an LMS should hold on a date. Pure; nothing is compared here."""

from rostersync.desire.groups import desire_group, samlegrupper
from rostersync.desire.reasons import QUESTION_CODES
from rostersync.desire.rules import Rules
from rostersync.desire.users import desire, wait_for_logins

__all__ = ["QUESTION_CODES", "Rules", "desire", "desire_group", "samlegrupper", "wait_for_logins"]
