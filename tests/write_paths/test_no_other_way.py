"""Nothing but the doors writes customers, and no door takes what it does not ask for."""

from decimal import Decimal
from itertools import product

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

import approvals.urls
import customers.urls
from approvals import proposals
from approvals.models import ImportJob, Notification, Proposal, ProposedChange, WorkItem
from customers.models import Customer
from tests.approvals.helpers import edit, live, vote

from .doors import DOORS, IMPORTS, Admin, Browser, Code, ImportCommand, ImportPage
from .rendered import NotOffered
from .scenario import make_worker, one_customer
from .watching import writes

pytestmark = pytest.mark.django_db

EVERY_DOOR = [pytest.param(door, id=door.__name__) for door in DOORS]


@pytest.fixture
def worker(person):
    return make_worker(person)


@pytest.fixture
def one(workflow, govern_fields):
    return one_customer(govern_fields)


@pytest.mark.parametrize("door", EVERY_DOOR)
def test_only_the_engine_writes_customers(door, one, worker, approver, second_approver, tmp_path):
    with writes() as seen:
        way = door(worker, tmp_path)
        way.create("NEW", {"name": "Nieuw B.V.", "customer_group": "20"})
        way.change({"ONE": {"phone": "2000", "credit_limit": Decimal(7)}})
        if not door.imports:
            proposals.submit(Proposal.objects.get().pk, by=worker)
        vote(approver, Proposal.objects.get())
        vote(second_approver, Proposal.objects.get())
    assert live("ONE", "credit_limit") == "7.00"
    by_files = [files for table, files in seen if table == "customers_customer"]
    assert len(by_files) == 3
    assert all("approvals/writing.py" in files for files in by_files)


# What a form or a file might claim. No "state": that is a column of the address.
INTERNAL = {
    "id": "999",
    "pk": "999",
    "folded_key": "other",
    "revision": "99",
    "created_at": "2001-01-01",
    "modified_at": "2001-01-01",
    "approved_by": "worker",
    "submitted_by": "worker",
    "proposal": "1",
    "outcome": "applied",
    "seen": "",
    "source": "import",
    "behavior": "allow",
    "credit_limit_id": "9",
    "payment_terms_id": "COD",
}


def columns_that_differ(before):
    after = Customer.objects.values().get()
    return {name for name, value in after.items() if value != before[name]}


@pytest.mark.parametrize("door", [Browser, Admin])
def test_internal_names_in_a_form_do_nothing(door, one, worker, tmp_path):
    before = Customer.objects.values().get()
    way = door(worker, tmp_path)
    way.look({"ONE": {"phone": "2000"}})
    sent = way.forms["ONE"].values
    sent.update({"account": "OTHER", **INTERNAL} | {n: sent[n] for n in INTERNAL if n in sent})
    assert way.save()["ONE"].status == "updated"
    assert columns_that_differ(before) == {"phone", "revision", "modified_at"}
    assert "live revision: 1 -> 2" in one.statement("ONE")
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("name", ["account", *INTERNAL])
def test_code_cannot_set_what_is_internal(name, one, worker, tmp_path):
    answers = Code(worker, tmp_path).change({"ONE": {"phone": "2000", name: "999"}})
    assert "There is no such field" in answers["ONE"].why
    assert one.statement("ONE") == ""


@pytest.mark.parametrize("door", IMPORTS)
def test_a_file_with_internal_columns_is_refused(door, one, worker, tmp_path):
    way = door(worker, tmp_path)
    way.further = INTERNAL
    with pytest.raises(NotOffered):
        way.change({"ONE": {"phone": "2000"}})
    assert one.statement("ONE") == ""


@pytest.mark.parametrize("door", [ImportPage, ImportCommand])
def test_internal_columns_do_nothing_where_unknown_ones_are_ignored(door, one, worker, tmp_path):
    before = Customer.objects.values().get()
    way = door(worker, tmp_path)
    way.further, way.ignore_unknown_columns = INTERNAL, True
    assert way.change({"ONE": {"phone": "2000"}})["ONE"].status == "updated"
    assert columns_that_differ(before) == {"phone", "revision", "modified_at"}
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("door", [Browser, Admin])
def test_a_forged_original_gets_nothing_past_approval(door, one, worker, tmp_path):
    way = door(worker, tmp_path)
    way.look({"ONE": {"credit_limit": Decimal(7)}})
    way.forms["ONE"].values["initial-credit_limit"] = "7.01"
    assert way.save()["ONE"].status == "proposed"
    change = ProposedChange.objects.get()
    assert (change.original, change.value, live("ONE", "credit_limit")) == (
        "1000.00",
        "7.00",
        "1000.00",
    )


@pytest.mark.parametrize("door", [Browser, Admin])
def test_a_form_that_does_not_say_what_it_showed_is_not_saved(door, one, worker, tmp_path):
    way = door(worker, tmp_path)
    way.look({"ONE": {"phone": "2000"}})
    for name in ("version", "seen"):
        way.forms["ONE"].values.pop(name, None)
    assert way.save()["ONE"].status == "failed"
    assert one.statement("ONE") == ""


@pytest.mark.parametrize("door", [Browser, Admin])
def test_a_field_that_was_not_sent_is_not_meant(door, one, worker, tmp_path):
    way = door(worker, tmp_path)
    way.look({"ONE": {"phone": "2000"}})
    sent = way.forms["ONE"].values
    for name in ("credit_limit", "credit_rating", "cash_discount"):
        assert sent.pop(name)
    assert way.save()["ONE"].status == "updated"
    assert one.statement("ONE").splitlines() == [
        "live phone: 1000 -> 2000",
        "live revision: 1 -> 2",
        "history: worker changed phone: 1000 -> 2000",
    ]


CHANGELIST = {
    "form-TOTAL_FORMS": "1",
    "form-INITIAL_FORMS": "1",
    "form-0-phone": "2000",
    "form-0-name": "Other",
    "_save": "Save",
}
DELETE = {"action": "delete_selected", "post": "yes"}


@pytest.fixture
def superuser(person, client):
    """Someone with every permission there is, in the admin."""
    root = person("root", is_superuser=True, is_staff=True)
    client.force_login(root)
    return root


@pytest.mark.parametrize("post", [CHANGELIST, DELETE], ids=["edit", "delete"])
def test_the_list_in_admin_changes_and_deletes_nothing(post, one, client, superuser):
    pk = Customer.objects.get().pk
    post = {**post, "form-0-id": pk, "_selected_action": pk}
    with writes() as seen:
        client.post(reverse("admin:customers_customer_changelist"), post)
    assert seen == []


def test_nobody_deletes_a_customer_in_admin(one, client, superuser):
    url = reverse("admin:customers_customer_delete", args=[Customer.objects.get().pk])
    assert client.post(url, {"post": "yes"}).status_code == 403
    assert Customer.objects.exists()


SETUP = {
    "ApprovalParameters",
    "AutomaticAction",
    "FieldEnablement",
    "ReportingLine",
    "Substitution",
    "Workflow",
    "WorkflowStep",
    "WorkflowVersion",
}
RUNNING = [m for m in apps.get_app_config("approvals").get_models() if m.__name__ not in SETUP]


@pytest.mark.parametrize("model", RUNNING, ids=lambda model: model.__name__)
def test_what_is_proposed_and_decided_is_only_read_in_admin(model, superuser, rf):
    request = rf.get("/")
    request.user = superuser
    page = admin.site._registry.get(model)
    assert page is None or not (
        page.has_add_permission(request)
        or page.has_change_permission(request)
        or page.has_delete_permission(request)
    )


def test_no_address_writes_when_it_is_only_opened(one, worker, client, superuser, tmp_path):
    ImportPage(worker, tmp_path).look({"ONE": {"phone": "none"}})
    edit(worker, "ONE", credit_limit=2000)
    proposals.submit(Proposal.objects.get().pk, by=worker)
    told = {"person": superuser, "occasion": "assigned", "subject": "S", "body": "B"}
    notification = Notification.objects.create(**told, created_at=timezone.now())
    records = [Customer, Proposal, ProposedChange, WorkItem, ImportJob]
    keys = {notification.pk, ContentType.objects.get_for_model(Customer).pk} | {
        model.objects.values_list("pk", flat=True).last() for model in records
    }
    with writes() as seen:
        for name, takes in addresses():
            choices = [["credit_limit"] if taken == "name" else keys for taken in takes]
            urls = [reverse(name, args=found) for found in product(*choices)]
            # One of the keys opens it, or it leads elsewhere, is another's, or is not to be opened.
            assert {client.get(url).status_code for url in urls} & {200, 302, 403, 405}, name
    # Of a notification it is noted that it has been read.
    assert {table for table, _files in seen} <= {"approvals_notification"}


def addresses():
    """The names of our pages, and what each of them takes: keys, and a field's name."""
    for urls in (customers.urls, approvals.urls):
        for pattern in urls.urlpatterns:
            yield f"{urls.app_name}:{pattern.name}", list(pattern.pattern.converters)


@pytest.mark.parametrize("door", EVERY_DOOR)
def test_who_may_only_read_changes_nothing(door, one, person, tmp_path):
    reader = person("reader", "Auditor", is_staff=True)
    with pytest.raises((NotOffered, PermissionDenied)):
        door(reader, tmp_path).change({"ONE": {"phone": "2000"}})
    assert one.statement("ONE") == ""


@pytest.mark.parametrize("door", [Browser, Admin])
def test_a_right_that_is_withdrawn_is_gone_when_the_form_is_sent(door, one, worker, tmp_path):
    way = door(worker, tmp_path)
    way.look({"ONE": {"phone": "2000"}})
    worker.groups.set([])
    form, url = way.forms["ONE"], way.url("ONE")
    assert form.send(way.client, url, **way.button).status_code == 403
    assert one.statement("ONE") == ""
