"""Setup and inquiry in Django admin."""

from . import inquiry, parameters, versions, workflows

__all__ = ["inquiry", "parameters", "versions", "workflows"]
