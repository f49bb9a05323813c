"""New customers on pages, in lists and in files while they are held until approved."""

import csv
import io

import pytest
from django.urls import reverse

from approvals import proposals
from approvals.models import Kind, Proposal
from customers import exports
from customers.models import Customer
from tests.approvals.helpers import edit, live, vote
from tests.customers.imports.helpers import outcomes, take
from tests.write_paths.rendered import form_on

from .factories import customer

pytestmark = pytest.mark.django_db

NEW, LIST = reverse("customers:create"), reverse("customers:list")
GOVERNED = ("name", "customer_group", "iban", "invoice_account")
IBAN = "NL91ABNA0417164300"
SAMPLE = {"account": "N-1", "name": "Nieuw B.V.", "customer_group": "10", "iban": IBAN}


@pytest.fixture(autouse=True)
def new_customers_need_approval(govern_fields, workflow):
    govern_fields(*GOVERNED, approve_new=True)


@pytest.fixture
def as_clerk(client, clerk):
    client.force_login(clerk)
    return client


@pytest.fixture
def created(as_clerk):
    """The page that the clerk lands on who has created a customer in the browser."""
    form = form_on(as_clerk.get(NEW), "customer-form")
    for name, text in {**SAMPLE, "phone": "030 123"}.items():
        form.type(name, text)
    return form.send(as_clerk, NEW)


@pytest.fixture
def held(created):
    return Customer.objects.get(account="N-1")


@pytest.fixture
def release(clerk, approver, second_approver):
    def submit_and_approve(held):
        proposal = proposals.submit(Proposal.objects.get(object_id=held.pk).pk, by=clerk)
        vote(approver, proposal)
        vote(second_approver, proposal)
        held.refresh_from_db()

    return submit_and_approve


def text_of(response):
    return response.content.decode()


def texts(response):
    return [str(message) for message in response.context["messages"]]


# The form


def test_the_form_says_what_will_happen_and_marks_the_fields(as_clerk, govern_fields):
    page = as_clerk.get(NEW)
    assert "A new customer needs approval" in text_of(page)
    marked = [f for tab in page.context["tabs"] for f in tab["fields"] if f.get("governed")]
    assert {item["field"].name for item in marked} == set(GOVERNED)
    govern_fields(*GOVERNED)
    assert "A new customer needs approval" not in text_of(as_clerk.get(NEW))


def test_who_has_created_one_lands_on_what_is_to_be_submitted(created, held):
    assert created.redirect_chain[-1][0] == reverse("customers:proposed_changes", args=[held.pk])
    assert texts(created) == [
        "Customer N-1 has been created.",
        "Needs approval: Name, Customer group, IBAN, the release of the new customer. "
        "Submit the changes when they are complete.",
        "Held, not for use, until it is approved.",
    ]
    assert str(Kind.NEW.label) in text_of(created)
    assert "Held until approved" in text_of(created)


def test_the_release_has_no_button_to_discard_it_before_the_rest(as_clerk, created, held, clerk):
    changes = Proposal.objects.get().changes
    url = reverse("approvals:discard_change", args=[changes.get(field="held").pk])
    assert url not in text_of(created)
    for change in changes.exclude(field="held"):
        proposals.discard_change(change.pk, by=clerk)
    page = reverse("customers:proposed_changes", args=[held.pk])
    assert url in text_of(as_clerk.get(page))


# The customer's pages


def test_its_page_says_that_it_is_held_and_what_it_is_to_be_called(as_clerk, held, release):
    page = text_of(as_clerk.get(held.get_absolute_url()))
    assert "N-1 : Nieuw B.V. (new customer)" in page
    assert "This new customer is not for use" in page
    release(held)
    page = text_of(as_clerk.get(held.get_absolute_url()))
    assert "N-1 : Nieuw B.V." in page
    assert "not for use" not in page.split('id="history"')[0]


def test_where_nobody_proposes_its_release_any_more_a_mere_save_does(as_clerk, held, clerk):
    page = held.get_absolute_url()
    assert "edit and save" not in text_of(as_clerk.get(page))
    proposals.discard_all(held, by=clerk)
    assert "edit and save" in text_of(as_clerk.get(page))
    assert as_clerk.get(page).context["heading"] == "N-1 (new customer)"
    url = reverse("customers:edit", args=[held.pk])
    assert "edit and save" in text_of(as_clerk.get(url))
    response = form_on(as_clerk.get(url), "customer-form").send(as_clerk, url)
    assert texts(response)[0].startswith("Needs approval: the release of the new customer.")
    assert "edit and save" not in text_of(as_clerk.get(page))


def test_it_is_named_by_its_account_until_its_name_is_approved(held, release):
    assert str(held) == "N-1 (new customer)"
    release(held)
    assert str(held) == "N-1 Nieuw B.V."


def test_the_history_tells_of_its_release(as_clerk, held, release):
    release(held)
    entries = as_clerk.get(held.get_absolute_url()).context["entries"]
    [applied] = [entry for entry in entries if entry["what"] == "Applied"]
    assert "Released" in applied["told"]
    assert {change["label"] for change in applied["changes"]} > {"Name", "IBAN"}


# Lists


def test_the_list_marks_it_and_shows_the_name_it_is_to_have(as_clerk, held):
    customer("A-1", name="Old customer")
    rows = as_clerk.get(LIST).context["rows"]
    assert {row["customer"].account: row["proposed_name"] for row in rows} == {
        "A-1": "",
        "N-1": "Nieuw B.V.",
    }
    page = text_of(as_clerk.get(LIST))
    assert page.count("Held until approved") == 1
    assert ">None<" not in page


@pytest.mark.parametrize("params", [{"changes": "new"}, {"q": "nieuw"}, {"q": "N-1"}])
def test_it_is_found_by_the_filter_and_by_the_name_it_is_to_have(as_clerk, held, params):
    customer("A-1", name="Old customer")
    rows = as_clerk.get(LIST, params).context["rows"]
    assert [row["customer"].account for row in rows] == ["N-1"]


def test_a_name_proposed_for_an_existing_customer_finds_nothing(as_clerk, clerk):
    customer("A-1", name="Old customer")
    edit(clerk, "A-1", name="Nieuw B.V.")
    assert as_clerk.get(LIST, {"q": "nieuw"}).context["rows"] == []


# Files


def table():
    content = b"".join(exports.export(None, "csv")).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


def test_a_file_tells_which_customers_are_held(held):
    customer("A-1")
    assert {row["account"]: row["held"] for row in table()} == {"A-1": "No", "N-1": "Yes"}


@pytest.mark.parametrize("clears", [False, True])
def test_a_file_with_held_customers_imports_back_without_a_change(held, steward, clears):
    customer("A-1", name="Old customer")
    content = b"".join(exports.export(None, "csv")).decode("utf-8-sig")
    job = take(steward, *content.splitlines(), empty_clears=clears)
    assert set(outcomes(job).values()) == {"unchanged"}, list(
        job.row_outcomes.values_list("errors", flat=True)
    )
    assert live("N-1", "held") == "1"


def test_the_template_has_no_column_for_it(as_clerk, steward, client):
    client.force_login(steward)
    response = client.get(reverse("customers:import_template"), {"format": "csv"})
    assert "held" not in b"".join(response.streaming_content).decode().splitlines()[0]


def test_parts_of_a_name_that_waits_for_approval_are_whole_the_second_time(steward):
    lines = [
        "account,party_type,personfirstname,customer_group",
        "P-1,Person,Aisha,10",
    ]
    assert outcomes(take(steward, *lines)) == {2: "created"}
    assert outcomes(take(steward, *lines)) == {2: "unchanged"}


def test_a_preview_says_what_the_import_then_does(steward, govern_fields):
    govern_fields("name", approve_new=True)
    lines = [
        "account,name,customer_group,invoice_account,phone",
        "N-2,First,10,N-2,1000",
        "N-3,Refers to one that is held,10,N-2,1000",
        "A-1,,,N-2,",
    ]
    customer("A-1")
    expected = {2: "created", 3: "failed", 4: "failed"}
    preview, job = take(steward, *lines, dry_run=True), take(steward, *lines)
    assert outcomes(preview) == outcomes(job) == expected
    [notes] = job.row_outcomes.filter(outcome="created").values_list("notes", flat=True)
    assert notes == ["Held, not for use, until it is approved."]


# Django admin


def test_django_admin_shows_and_never_sets_it(client, person, held):
    staff = person("staff", "Clerk", is_staff=True)
    client.force_login(staff)
    page = client.get(reverse("admin:customers_customer_change", args=[held.pk]))
    assert "field-held" in text_of(page)
    assert 'name="held"' not in text_of(page)
    add = client.get(reverse("admin:customers_customer_add"))
    assert "Needs approval." in text_of(add)
    found = client.get(reverse("admin:customers_customer_changelist"), {"held__exact": "1"})
    assert "N-1" in text_of(found)


def test_django_admin_leads_on_to_what_is_to_be_submitted(client, person):
    client.force_login(person("staff", "Clerk", is_staff=True))
    url = reverse("admin:customers_customer_add")
    form = form_on(client.get(url), "customer_form")
    for name, text in SAMPLE.items():
        form.type(name, text)
    response = form.send(client, url, _save="Save")
    held = Customer.objects.get(account="N-1")
    assert response.redirect_chain[-1][0] == reverse("customers:proposed_changes", args=[held.pk])
