"""Addresses that nobody types: a number or a word in each filter that stands in an address."""

import contextlib
from itertools import cycle

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.urls import NoReverseMatch, reverse

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
IMPOSSIBLE = ("99999999999999999999", "-99999999999999999999", "1,99999999999999999999", "abc")
LISTS = ("inquiry", "cycle_times", "notifications", "work_items", "reassign_all")
# The parameters of all lists; each bears those of the others.
PARAMETERS = (
    *("after", "age", "before", "customer_group", "due", "field", "first", "from", "holder"),
    *("import", "kind", "last", "origin", "page", "person", "proposal", "sort", "state", "status"),
    *("step", "view", "workflow"),
)


@pytest.fixture
def superuser(client, db):
    user = User.objects.create_superuser("root")
    client.force_login(user)
    return user


def lookups(model):
    """What can be asked for in a list's address: its filters, its columns, and some of each."""
    filters = [f for f in admin.site._registry[model].list_filter if isinstance(f, str)]
    columns = [field.name for field in model._meta.concrete_fields]
    suffixes = ("", "__exact", "__in", "__gt", "__isnull")
    names = dict.fromkeys([*filters, *columns, "id", "pk"])
    return [*(f"{name}{suffix}" for name in names for suffix in suffixes), "p", "e", "o", "all"]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_filter_of_an_admin_list_breaks_it(client, superuser, model):
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    # Five lookups of each name and four values: each of those meets each of these.
    for lookup, value in zip(lookups(model), cycle(IMPOSSIBLE), strict=False):
        response = client.get(url, {lookup: value})
        assert response.status_code in (200, 302, 400, 403), lookup
        if response.status_code == 302 and response.url != f"{url}?e=1":
            assert client.get(response.url).status_code == 200, lookup


def test_an_impossible_number_leads_to_the_whole_list(client, superuser):
    url = reverse("admin:approvals_workflowevent_changelist")
    assert client.get(url, {"actor": IMPOSSIBLE[0]}).url == f"{url}?e=1"
    assert client.get(f"{url}?verb=created&actor={superuser.pk}").status_code == 200


def test_an_account_of_many_digits_can_be_searched_for(client, superuser):
    url = reverse("admin:approvals_proposal_changelist")
    assert client.get(url, {"q": IMPOSSIBLE[0]}).status_code == 200


def test_no_impossible_number_in_a_path_breaks_a_page(client, superuser):
    for model in MODELS:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        for value in IMPOSSIBLE[:1]:
            assert client.get(reverse(name, args=[value]), follow=True).status_code in (200, 404)
    for name in ("decide", "delegate", "proposal_history", "notification", "reassign"):
        assert client.get(reverse(f"approvals:{name}", args=[10**18 - 1])).status_code == 404
    for name in ("detail", "edit", "history", "proposed_changes", "import_job"):
        assert client.get(reverse(f"customers:{name}", args=[10**18 - 1])).status_code == 404


def parameters(model):
    """What a list's filters are asked with, as the links to their choices are."""
    filters = [f[0] if isinstance(f, tuple) else f for f in admin.site._registry[model].list_filter]
    names = [f if isinstance(f, str) else getattr(f, "parameter_name", "x") for f in filters]
    return [f"{name}{suffix}" for name in names for suffix in ("", "__exact", "__id__exact")]


def lists_and_exports(model):
    """Where a model's list and its export are."""
    for page in ("changelist", "export"):
        with contextlib.suppress(NoReverseMatch):
            yield reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_odd_query_breaks_an_admin_list_or_export(client, superuser, model):
    columns = [field.name for field in model._meta.concrete_fields]
    queries = [f"{name}=%00" for name in (*parameters(model), *columns, "q", "x%00")]
    for url in lists_and_exports(model):
        for query in (*queries, "nothing=1", "sort=x", "p=-1", f"p={IMPOSSIBLE[0]}", "o=x"):
            with transaction.atomic():
                response = client.get(f"{url}?{query}")
                transaction.set_rollback(True)
            assert response.status_code in (200, 302), (url, query)


def test_an_export_asked_for_what_is_not_there_starts_anew_and_says_so(client, superuser):
    url = reverse("admin:customers_customer_export")
    for query in ("sort=x", "account=%00", "id=99999999999999999999"):
        for send in (client.get, client.post):
            response = send(f"{url}?{query}")
            assert response.url == f"{url}?e=1"
            assert "There is no such list" in client.get(response.url).content.decode()


def test_a_choice_by_typing_holds_no_nul(client, superuser):
    query = {"app_label": "approvals", "model_name": "substitution", "field_name": "person"}
    assert client.get(reverse("admin:autocomplete"), {**query, "term": "e"}).status_code == 200
    assert client.get(reverse("admin:autocomplete"), {**query, "term": "\0"}).status_code == 302


@pytest.mark.parametrize("value", IMPOSSIBLE)
@pytest.mark.parametrize("page", [*(f"approvals:{name}" for name in LISTS), "customers:list"])
def test_no_parameter_of_a_list_breaks_it(client, superuser, page, value):
    for name in PARAMETERS:
        assert client.get(reverse(page), {name: value}).status_code == 200, name


@pytest.mark.parametrize("key", ["A%00B", "A%E2%80%8BB", "NO-SUCH-KEY", IMPOSSIBLE[0]])
def test_no_key_in_a_link_to_a_record_breaks_it(client, superuser, key):
    for model in MODELS:
        number = ContentType.objects.get_for_model(model).pk
        response = client.get(f"{reverse('admin:index')}r/{number}/{key}/")
        assert response.status_code == 404, model


@pytest.mark.parametrize("page", ["change", "delete"])
def test_a_record_asked_for_by_a_field_without_a_name_is_not_there(client, superuser, page):
    url = reverse(f"admin:auth_group_{page}", args=[Group.objects.earliest("pk").pk])
    assert client.get(url).status_code == 200
    for send in (client.get, client.post):
        assert send(f"{url}?_to_field=").status_code == 404
    assert client.post(url, {"_to_field": ""}).status_code == 404


def test_no_page_of_a_record_breaks_by_a_field_that_the_address_names(client, superuser):
    for model in MODELS:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        for field in ("", "x", "\0", "pk"):
            response = client.get(reverse(name, args=["1"]), {"_to_field": field})
            assert response.status_code < 500, (model, field)
