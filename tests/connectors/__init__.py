"""Connectors are tested against real files and real servers, never against mocks."""
