"""Desired against known: one draft for each organisation, group and user that changes. Nothing is counted here."""

from rostersync.drafting.context import Context, Logins
from rostersync.drafting.departing import draft_removals
from rostersync.drafting.logins import LOGIN_TAKEN, settle_logins, withhold
from rostersync.drafting.structure import draft_group, draft_organisation
from rostersync.drafting.users import NEW_WITHOUT_LOGIN, draft_person, waiting

__all__ = [
    "LOGIN_TAKEN",
    "NEW_WITHOUT_LOGIN",
    "Context",
    "Logins",
    "draft_group",
    "draft_organisation",
    "draft_person",
    "draft_removals",
    "settle_logins",
    "waiting",
    "withhold",
]
