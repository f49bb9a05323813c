"""Setup and inquiry in Django admin."""

from . import inquiry, parameters, people, substitutions, versions, workflows

__all__ = ["inquiry", "parameters", "people", "substitutions", "versions", "workflows"]
