"""The visual ground: what everyone's pages are built from."""

import re
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import include, path, resolve


def _page(request, **kwargs):
    return HttpResponse()


customers = [
    path("customers/", _page, name="list"),
    path("customers/1/", _page, name="detail"),
    path("customers/import/", _page, name="import"),
]
approvals = [
    path("work-items/", _page, name="work_items"),
    path("proposals/1/submit/", _page, name="submit"),
    path("proposals/1/reassign/", _page, name="reassign"),
    path("work-items/1/delegate/", _page, name="delegate"),
    path("my-substitutes/", _page, name="my_substitutes"),
    path("inquiry/", _page, name="inquiry"),
]
urlpatterns = [
    path("", _page, name="home"),
    path("", include((customers, "customers"))),
    path("", include((approvals, "approvals"))),
    path("admin/", include(([path("", _page, name="index")], "admin"))),
]

TEMPLATES = sorted(
    file
    for folder in ("templates", "customers", "approvals")
    for file in (Path(settings.BASE_DIR) / folder).rglob("*.html")
)


class Person(AnonymousUser):
    """Someone logged in with exactly the rights given; needs no database."""

    is_authenticated = True

    def __init__(self, *rights, is_staff=False):
        self.rights, self.is_staff = rights, is_staff

    def has_perm(self, perm, obj=None):
        return perm in self.rights

    def has_module_perms(self, module):
        return any(right.startswith(f"{module}.") for right in self.rights)


def _nav(rf, settings, person, at="/"):
    settings.ROOT_URLCONF = __name__
    request = rf.get(at)
    request.user, request.resolver_match = person, resolve(at)
    return render_to_string("_nav.html", request=request)


def _links(html):
    return [text.strip() for text in re.findall(r"</svg>\s*(.*?)</a>", html)]


def _current(html):
    link = re.search(r'<a [^>]*aria-current="(\w+)".*?</svg>\s*(.*?)</a>', html, re.DOTALL)
    return link and link.groups()[::-1]


def test_navigation_shows_nothing_but_home_to_a_person_without_rights(rf, settings):
    assert _links(_nav(rf, settings, Person())) == ["Home"]


@pytest.mark.parametrize(
    "right, link",
    [
        ("customers.view_customer", "Customers"),
        ("approvals.decide_proposal", "My work items"),
        ("approvals.submit_proposal", "My proposals"),
        ("customers.import_customer", "Import customers"),
    ],
)
def test_navigation_shows_what_a_right_opens(rf, settings, right, link):
    assert _links(_nav(rf, settings, Person(right))) == ["Home", link]


def test_navigation_leads_to_all_proposals_with_both_rights_that_it_takes(rf, settings):
    rights = ("approvals.view_proposal", "approvals.view_workflowevent")
    assert _links(_nav(rf, settings, Person(rights[0]))) == ["Home"]
    assert _links(_nav(rf, settings, Person(*rights))) == ["Home", "Proposals"]


def test_navigation_shows_setup_to_staff(rf, settings):
    assert _links(_nav(rf, settings, Person(is_staff=True))) == ["Home", "Setup and inquiry"]


@pytest.mark.parametrize(
    "at, current",
    [
        ("/", ("Home", "page")),
        ("/customers/", ("Customers", "page")),
        ("/customers/1/", ("Customers", "true")),
        ("/proposals/1/submit/", ("Customers", "true")),
        ("/customers/import/", ("Import customers", "page")),
        ("/proposals/1/reassign/", ("Customers", "true")),
        ("/work-items/", ("My work items", "page")),
        ("/work-items/1/delegate/", ("My work items", "true")),
        ("/my-substitutes/", None),
        ("/inquiry/", ("Proposals", "page")),
    ],
)
def test_navigation_marks_the_section_one_is_in(rf, settings, at, current):
    person = Person(
        "customers.view_customer",
        "customers.import_customer",
        "approvals.decide_proposal",
        "approvals.view_proposal",
        "approvals.view_workflowevent",
    )
    html = _nav(rf, settings, person, at)
    assert html.count("aria-current") == bool(current)
    assert _current(html) == current


@pytest.mark.parametrize("name", ["400.html", "500.html", "403_csrf.html"])
def test_an_error_page_needs_no_context(name):
    assert '<div class="card' in render_to_string(name)


def test_a_page_for_someone_logged_out_has_no_navigation(rf):
    request = rf.get("/nowhere")
    request.user = AnonymousUser()
    html = render_to_string("404.html", request=request)
    assert "Page not found" in html
    assert '<nav class="nav"' not in html


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_a_template_has_no_inline_script_or_style(file):
    text = file.read_text()
    if "mail" not in file.parts:
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=", text)


class Form(forms.Form):
    name = forms.CharField(help_text="As registered.")
    on_hold = forms.ChoiceField(choices=[("no", "No")], widget=forms.RadioSelect, required=False)


def _field(name="name", data=None, **context):
    return render_to_string("_field.html", {"field": Form(data)[name], **context})


def test_a_governed_field_says_so_before_anyone_types():
    assert "Needs approval" in _field(governed=True)
    assert "Needs approval" not in _field()


def test_a_field_is_described_by_its_help_and_its_errors():
    html = _field(data={"name": ""})
    described_by = re.search(r'<input[^>]*aria-describedby="([^"]*)"', html)[1].split()
    assert described_by
    assert all(f'id="{name}"' in html for name in described_by)
    assert "This field is required." in html


def test_a_group_of_choices_is_named_by_its_legend():
    assert re.search(r"<fieldset>\s*<legend[^>]*>.*?On hold", _field("on_hold"), re.DOTALL)


def test_an_empty_value_is_shown_as_empty():
    assert "Empty" in render_to_string("_change.html", {"label": "Phone", "old": None, "new": "1"})


def test_zero_is_shown_as_a_value():
    assert "Empty" not in render_to_string("_change.html", {"old": 0, "new": 0})


def test_every_icon_named_in_a_fragment_is_drawn():
    sprite = (Path(settings.BASE_DIR) / "static/img/icons.svg").read_text()
    drawn = set(re.findall(r'<symbol id="(\w+)"', sprite))
    named = {
        name
        for file in TEMPLATES
        for name in re.findall(r'_icon\.html" with name="(\w+)"', file.read_text())
    }
    kinds = "pending draft returned ok failed created updated proposed unchanged hold"
    levels = "debug info success warning error"
    assert named | set(kinds.split()) | set(levels.split()) <= drawn
