"""itslearning as a double: a site with its trash, its silent fallbacks, and a SOAP service that insists on its schema."""

from rostersync.lab.doubles.itslearning.double import FAULTS, ItslearningDouble
from rostersync.lab.doubles.itslearning.keeping import keep, kept
from rostersync.lab.doubles.itslearning.page import page
from rostersync.lab.doubles.itslearning.site import LmsPerson, Site

__all__ = ["FAULTS", "ItslearningDouble", "LmsPerson", "Site", "keep", "kept", "page"]
