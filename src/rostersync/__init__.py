"""rostersync keeps a learning platform's users in step with the school's own systems."""

__version__ = "0.1.0"
