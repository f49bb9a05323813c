"""What is governed is what the history says, of the models that it says it of."""

from collections.abc import Iterator

from django.contrib.contenttypes.models import ContentType
from django.db.models import BooleanField

from ...models import ApprovalParameters, FieldEnablement, Verb, WorkflowEvent
from ...registry import all_governed
from ...values import encode
from .rule import Rule, Tables, differs


def rules(table: Tables) -> Iterator[Rule]:
    """Those of parameters, of each field's Enable, and of content types."""
    yield from _switches(table)
    yield from _content_types()


def _switches(table):
    """A switch is where the newest entry about it says it is, or where it was at first."""
    newest = f"(SELECT e.new FROM {table(WorkflowEvent)} e WHERE %s ORDER BY e.id DESC LIMIT 1)"

    def rules(model, field, entry):
        first, now = encode(field, field.get_default()), f"NEW.{field.column}"
        if isinstance(field, BooleanField):
            now = f"(CASE WHEN {now} THEN '1' ELSE '0' END)"
        for event, when in (("INSERT", "TRUE"), ("UPDATE", differs(field.column))):
            yield Rule(
                model,
                event,
                f"switched_{field.column}",
                "what is asked for an approval changes with an entry in the history that says so",
                when=when,
                refused=f"{now} <> COALESCE({newest % entry}, '{first}')",
            )

    for field in ApprovalParameters._meta.concrete_fields:
        if not field.primary_key:
            entry = f"e.verb = '{Verb.PARAMETER_CHANGED}' AND e.field = '{field.name}'"
            yield from rules(ApprovalParameters, field, entry)
    entry = f"""e.verb = '{Verb.ENABLEMENT_CHANGED}' AND e.field = NEW.field
        AND e.content_type_id = NEW.content_type_id"""
    yield from rules(FieldEnablement, FieldEnablement._meta.get_field("enabled"), entry)
    yield Rule(
        FieldEnablement,
        "UPDATE",
        "of_another_field",
        "Enable stays with its field",
        when=differs("id", "content_type_id", "field"),
    )


def _content_types():
    """What is governed, and Enable, go by the number that a model has there."""
    why = "the content type of what can be governed stays as it is"
    named = "({0}.app_label = '{1.app_label}' AND {0}.model = '{1.model_name}')"
    metas = [governed.model._meta for governed in all_governed()]
    before, now = (" OR ".join(named.format(row, meta) for meta in metas) for row in ("OLD", "NEW"))
    other = f"({before} OR {now}) AND ({differs('app_label', 'model')})"
    yield Rule(ContentType, "UPDATE", "kept", why, when=f"{differs('id')} OR {other}")
    yield Rule(ContentType, "DELETE", "kept", why, when=before)
