"""itslearning as a double: a site with its trash, its silent fallbacks, and a SOAP service that insists on its schema."""

from rostersync.lab.doubles.itslearning.double import ItslearningDouble
from rostersync.lab.doubles.itslearning.site import LmsPerson, Site

__all__ = ["ItslearningDouble", "LmsPerson", "Site"]
