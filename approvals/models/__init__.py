"""The engine's tables, one file per subject."""

from .governed import GovernedModel, NeverDeleted

__all__ = ["GovernedModel", "NeverDeleted"]
