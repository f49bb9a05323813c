"""Which models are under approval, and how to find them again.

`customers.apps` calls `govern` once, when the program starts. The engine asks
this register for everything it needs to know of a model and imports no other app.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.core.exceptions import ImproperlyConfigured
from django.db.models import DecimalField, Field, FloatField, IntegerField, Model

from . import values
from .models import GovernedModel

# The field that says that a new record is not for use yet; only an approval clears it.
HELD = "held"
NUMBERS = (DecimalField, IntegerField, FloatField)


@dataclass(frozen=True)
class Rule:
    """One broken rule across fields: the names of the fields it reads, and the reason."""

    fields: tuple[str, ...]
    message: str


def is_number(field: Field | None) -> bool:
    """Whether a field holds numbers that can be more or less than others."""
    return isinstance(field, NUMBERS) and not field.choices


def no_rules(values: Mapping) -> Iterable[Rule]:
    """A model without rules across fields."""
    return ()


@dataclass(frozen=True, eq=False)
class Governed:
    """A model under approval.

    key: name of the field that people know a record by; it never changes.
    groups: heading -> names of the fields under it, in the order of the form;
        exactly these fields can be set, and each of them can be governed.
    rules: takes a record's values by field name and returns the rules they break.
    workflow_type, element: what workflows and their approval element are called.
    work_on_import: goes on with the import job of that id, wherever it stands.
    unlimited: the fields, of numbers, whose empty value means that there is no limit.
    """

    model: type[GovernedModel]
    key: str
    groups: Mapping[str, tuple[str, ...]]
    workflow_type: str
    element: str
    rules: Callable[[Mapping], Iterable[Rule]] = field(default=no_rules)
    work_on_import: Callable[[int], object] | None = None
    unlimited: frozenset[str] = frozenset()

    @cached_property
    def fields(self) -> dict[str, Field]:
        """Every field that can be set, by name, in the order of the form."""
        names = [name for group in self.groups.values() for name in group]
        return {name: self.model._meta.get_field(name) for name in names}

    @cached_property
    def proposable(self) -> dict[str, Field]:
        """Every field that a proposed change can be about: also the release of a held record."""
        return {**self.fields, HELD: self.model._meta.get_field(HELD)}

    @cached_property
    def defaults(self) -> dict:
        """What each field of a new record has unless somebody says otherwise."""
        return {name: f.get_default() for name, f in self.fields.items()}

    @cached_property
    def changing_defaults(self) -> frozenset[str]:
        """The fields whose default is computed, so that it need not be the same for ever."""
        fields = self.fields.items()
        return frozenset(n for n, f in fields if f.has_default() and callable(f.default))

    @property
    def initial(self) -> dict:
        """The normalised default of each field that a new record need not be given."""
        return {n: values.normalise(f, f.get_default()) for n, f in self._free.items()}

    @cached_property
    def required(self) -> dict[str, Field]:
        """The fields that a new record must be given: they have no default and are not blank."""
        return {n: f for n, f in self.fields.items() if n not in self._free}

    @cached_property
    def _free(self):
        fields = self.fields.items()
        return {n: f for n, f in fields if f.blank or self.defaults[n] not in (None, "")}

    @cached_property
    def references(self) -> dict[str, Field]:
        """Those of its fields that refer to something, by name."""
        return {name: f for name, f in self.fields.items() if f.is_relation}

    @cached_property
    def own_references(self) -> frozenset[str]:
        """The names of those that refer to records of the same model."""
        return frozenset(n for n, f in self.references.items() if f.related_model is self.model)

    @cached_property
    def key_field(self) -> Field:
        """The field that holds the business key."""
        return self.model._meta.get_field(self.key)

    @property
    def label(self) -> str:
        """`app_label.model`, as content types write it."""
        return self.model._meta.label_lower


_governed: dict[str, Governed] = {}


def govern(
    model,
    *,
    key,
    groups,
    workflow_type,
    element,
    rules=no_rules,
    work_on_import=None,
    unlimited=(),
) -> Governed:
    """Put `model` under approval. Called once per model, when its app is ready.

    Raises ImproperlyConfigured where a field is named twice, is the key, or is unknown, or
    where one that is to be without limit when empty is no number.
    """
    governed = Governed(
        model, key, groups, workflow_type, element, rules, work_on_import, frozenset(unlimited)
    )
    names = [name for group in groups.values() for name in group]
    if len(names) != len(set(names)) or key in names:
        raise ImproperlyConfigured(f"{model}: name each governed field once, and never the key.")
    known = {f.name for f in model._meta.concrete_fields}
    if unknown := set(names) - known:
        raise ImproperlyConfigured(f"{model}: no such fields: {sorted(unknown)}.")
    if odd := {name for name in unlimited if not is_number(governed.fields.get(name))}:
        raise ImproperlyConfigured(f"{model}: no numbers to be without limit: {sorted(odd)}.")
    model.key_name = key
    _governed[governed.label] = governed
    return governed


def get(model: type[Model] | Model) -> Governed:
    """The register's entry for a model or a record of it. Raises LookupError if not governed."""
    return _governed[model._meta.label_lower]


def for_content_type(content_type) -> Governed:
    """The register's entry for a content type. Raises LookupError if not governed."""
    return _governed[f"{content_type.app_label}.{content_type.model}"]


def all_governed() -> list[Governed]:
    """Every model under approval."""
    return list(_governed.values())
