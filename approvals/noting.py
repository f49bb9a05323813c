"""Rows of which each change leaves an entry in the history, whatever way of Django's it goes."""

from collections.abc import Callable

from django.db.models import Model
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save

from . import history


def watch(model: type[Model], remember: Callable, saved: Callable, removed: Callable) -> None:
    """Call `remember` before a row is saved or removed; then `saved` or `removed`."""
    model.save_base = save_base
    pre_save.connect(_lock, sender=model)
    pre_delete.connect(_lock, sender=model)
    pre_save.connect(remember, sender=model)
    post_save.connect(saved, sender=model)
    pre_delete.connect(remember, sender=model)
    post_delete.connect(removed, sender=model)


def save_base(self, *args, **kwargs):
    """Save a row. Django tells of it behind the save, which by then may be committed."""
    with history.sealed():
        Model.save_base(self, *args, **kwargs)


def _lock(instance, **kwargs):
    """Let nobody else change the row between what is remembered of it and what is written."""
    rows = type(instance)._base_manager.select_for_update(no_key=True).filter(pk=instance.pk)
    list(rows.values_list("pk"))
