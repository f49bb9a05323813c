"""Setup and inquiry in Django admin."""

from . import inquiry, parameters, people, versions, workflows

__all__ = ["inquiry", "parameters", "people", "versions", "workflows"]
