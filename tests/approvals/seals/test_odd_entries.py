"""Entries that no program writes: each page shows what it can, and the verification goes on."""

import json

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from approvals.models import HistorySeal, Verb, WorkflowEvent
from approvals.seals import approved, beside, switches, trails
from approvals.seals.verifying import Report, verify
from customers.models import Customer
from tests.unguarded import unguarded

from .tampering import sql, written

pytestmark = pytest.mark.django_db
POSTGRESQL = connection.vendor == "postgresql"
MANY_BRACKETS = "[" * 100_000
CREATIONS = {
    "nothing": None,
    "an empty text": "",
    "no JSON": "{",
    "a list": "[1]",
    "a text": '"name"',
    "a number": "5",
    "null": "null",
    "more brackets than anybody counts": MANY_BRACKETS,
    "a number of many digits": '{"credit_limit": ' + "9" * 5000 + "}",
    "values that are no texts": json.dumps({"credit_limit": {"a": [1]}, "currency": ["EUR"]}),
    "a number that is no text": '{"credit_limit": 5, "name": true}',
    "no number": '{"credit_limit": "many", "name": null}',
    "not a number": '{"credit_limit": "NaN"}',
    "a name that no field has": '{"nowhere": "1"}',
}
UNKNOWN = 999_999
OTHERS = {
    "a field that there is not": {"field": "nowhere", "new": "1"},
    "no field": {"new": "1"},
    "no number": {"field": "credit_limit", "old": "many", "new": "Infinity"},
    "no yes or no": {"field": "exclude_interest_charge", "new": "perhaps"},
    "a proposal that there is not": {"field": "credit_limit", "proposal_id": UNKNOWN, "new": "7"},
    "references to nothing": {
        "field": "credit_limit",
        "new": "7",
        **dict.fromkeys(("step_id", "version_id", "import_job_id"), UNKNOWN),
        **dict.fromkeys(("actor_id", "on_behalf_of_id"), UNKNOWN),
    },
}
VERBS = (
    *(Verb.CHANGED, Verb.CHANGED_WITHOUT_APPROVAL, Verb.APPLIED, Verb.PROPOSED, Verb.EDITED),
    *(Verb.DISCARDED, Verb.SUBMITTED, Verb.RECALLED, Verb.JOINED, Verb.APPROVED, Verb.CONFLICT),
    *(Verb.PARAMETER_CHANGED, Verb.ENABLEMENT_CHANGED, Verb.RIGHTS_CHANGED, "nonsense"),
)


@pytest.fixture
def shop(history):
    return Customer.objects.get(account="C1")


def findings():
    found = []
    report = Report(found.append)
    verify(report)
    for part in (trails, switches, beside, approved):
        part.follow(report)
    return found


def answers(client, record, person):
    """The pages on which an entry is shown."""
    client.force_login(person)
    history = reverse("customers:history", args=[record.pk])
    pages = [history, f"{history}?format=csv", f"{history}?field=credit_limit"]
    for name in ("credit_limit", "name", "exclude_interest_charge"):
        pages.append(reverse("customers:field_history", args=[record.pk, name]))
    admin = reverse("admin:approvals_workflowevent_changelist")
    newest = WorkflowEvent.objects.order_by("-pk").values_list("pk", flat=True)[: len(VERBS)]
    change = "admin:approvals_workflowevent_change"
    pages += [admin, *(reverse(change, args=[pk]) for pk in newest)]
    return {url: whole(client.get(url)) for url in pages}


def whole(response):
    response.getvalue() if response.streaming else response.content
    return response.status_code


def test_a_second_creation_of_any_shape_is_shown_and_told(shop, client, auditor):
    person_of_admin(auditor)
    for new in CREATIONS.values():
        written(shop, Verb.CREATED, new=new)
    assert set(answers(client, shop, auditor).values()) == {200}
    assert "customers.customer C1: created twice." in findings()


@pytest.mark.parametrize("new", CREATIONS.values(), ids=CREATIONS)
def test_a_first_entry_of_any_shape_is_shown_and_told(new, shop, client, auditor):
    person_of_admin(auditor)
    with unguarded():
        WorkflowEvent.objects.filter(record_key="C1", verb=Verb.CREATED).update(new=new)
    assert set(answers(client, shop, auditor).values()) == {200}
    assert [line for line in findings() if line.startswith("customers.customer C1")]


@pytest.mark.parametrize("values", OTHERS.values(), ids=OTHERS)
def test_an_odd_entry_is_shown_whatever_it_says_was_done(values, shop, client, auditor):
    person_of_admin(auditor)
    with unguarded():
        for verb in VERBS:
            written(shop, verb, **values)
    assert set(answers(client, shop, auditor).values()) == {200}
    findings()


def person_of_admin(auditor):
    auditor.is_staff = True
    auditor.save()


# Moments that are none


MOMENTS = ["infinity", "-infinity", "0800-12-25", *(["0044-03-15 BC", "20000-01-01"] * POSTGRESQL)]


@pytest.mark.parametrize("model", [WorkflowEvent, HistorySeal])
@pytest.mark.parametrize("at", MOMENTS)
def test_a_moment_that_no_calendar_has_is_refused(model, at, shop):
    with pytest.raises(IntegrityError, match="at_is_a_moment"), transaction.atomic():
        put(model, at)


@pytest.mark.skipif(not POSTGRESQL, reason="SQLite cannot drop a constraint")
@pytest.mark.parametrize("model", [WorkflowEvent, HistorySeal])
@pytest.mark.parametrize("at", MOMENTS)
def test_where_it_was_not_refused_it_is_told(model, at, shop):
    connection.check_constraints()
    with unguarded():
        name = f"{model._meta.model_name}_at_is_a_moment"
        sql(f"ALTER TABLE {model._meta.db_table} DROP CONSTRAINT {name}")
        put(model, at)
    assert findings() != []


def put(model, at):
    """Another row like the newest one, but at this moment."""
    key = model._meta.pk.column
    names = [f.column for f in model._meta.concrete_fields]
    changed = {key: f"{key} + 1", "first": "first + 500000", "at": f"'{at}'"}
    chosen = ", ".join(changed.get(name, f'"{name}"') for name in names)
    table = model._meta.db_table
    quoted = ", ".join(f'"{name}"' for name in names)
    sql(f"INSERT INTO {table} ({quoted}) SELECT {chosen} FROM {table} ORDER BY {key} DESC LIMIT 1")
