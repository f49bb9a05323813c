"""Setup and inquiry in Django admin."""

from . import inquiry, notifications, parameters, people, substitutions, versions, workflows

__all__ = [
    "inquiry",
    "notifications",
    "parameters",
    "people",
    "substitutions",
    "versions",
    "workflows",
]
