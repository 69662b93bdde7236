"""Desired against known: one draft for each organisation, group and user that changes. Nothing is counted here."""

from rostersync.drafting.context import Context
from rostersync.drafting.departing import draft_removals
from rostersync.drafting.structure import draft_group, draft_organisation
from rostersync.drafting.users import draft_person, waiting

__all__ = ["Context", "draft_group", "draft_organisation", "draft_person", "draft_removals", "waiting"]
