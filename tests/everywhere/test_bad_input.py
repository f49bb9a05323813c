"""A thousand spoilt forms: none breaks the program, and nothing unseen is stored."""

import json
import os
import re
import sys
from http.cookies import SimpleCookie
from random import Random

import pytest
from django.core.signals import got_request_exception
from django.db import connection, transaction
from django.test import Client

from approvals import values
from tests.unseen import is_unseen

from .addresses import every_address, url_of
from .forms import HIDDEN, SPOILT, TOO_MUCH, Forms, body, spoil

# A long run has more: BAD_INPUT_POSTS=5000.
POSTS = int(os.environ.get("BAD_INPUT_POSTS", "1000"))
URLENCODED = "application/x-www-form-urlencoded"
# Failed logins are kept as they were typed, for nobody but who looks into the database.
UNSEEN_TABLES = ("axes_accessattempt",)


@pytest.fixture
def targets(browsers, scene, person):
    """Every form: (who was sent it, where it goes, its fields); setup is a superuser's."""
    root = person("root", is_superuser=True, is_staff=True)
    owners, found = (scene.approver, scene.owners["steward"], scene.clerk), {}
    for address in every_address():
        people = (root,) if address.name.startswith("admin:") else (*owners, root)
        for someone in people if "logout" not in address.name else ():
            url = url_of(address, scene)
            response = browsers(someone).get(url)
            if not response.streaming and b"<form" in response.content:
                for action, fields in Forms(url, response.content.decode()).found.items():
                    if "logout" not in action:
                        found.setdefault(action, (someone, action, fields))
    return [found[action] for action in sorted(found)]


@pytest.fixture
def broken():
    """The exceptions that the program did not handle."""
    exceptions = []

    def note(sender, **kwargs):
        exceptions.append(sys.exc_info()[1])

    got_request_exception.connect(note)
    yield exceptions
    got_request_exception.disconnect(note)


class Stored:
    """Watches what is written to the database for characters that nobody can see."""

    def __init__(self):
        self.unseen = []

    def __call__(self, execute, sql, params, many, context):
        writes = sql.lstrip().startswith(("INSERT", "UPDATE", "WITH"))
        if writes and not any(table in sql for table in UNSEEN_TABLES):
            texts = [text for text in _texts(params) if any(map(is_unseen, text))]
            self.unseen += [(sql[:60], text[:60]) for text in texts]
        return execute(sql, params, many, context)


def _texts(value):
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            yield from _texts(json.loads(value))
        except ValueError:
            yield value
    elif isinstance(value, str):
        yield value


@pytest.fixture
def browsers():
    """A function that gives the browser in which a person is logged in."""
    opened = {}

    def browser_of(someone):
        if someone not in opened:
            opened[someone] = Client(raise_request_exception=False)
            opened[someone].force_login(someone)
        return opened[someone]

    return browser_of


def post(browser, url, fields, stored):
    """Send a form, undo what it did, and return the answer."""
    cookies = browser.cookies.output()
    with transaction.atomic(), connection.execute_wrapper(stored):
        response = browser.post(url, body(fields), content_type=URLENCODED)
        transaction.set_rollback(True)
    if browser.cookies.output() != cookies:
        # Whoever was logged out by it is not: that was undone.
        browser.cookies = SimpleCookie(cookies.replace("Set-Cookie: ", ""))
    return response


def faults(browsers, broken, targets, chance, posts):
    """Send so many spoilt forms: what broke the program, and what was stored that nobody sees."""
    stored, errors, unseen = Stored(), [], []
    for number in range(posts):
        someone, url, fields = targets[number % len(targets)]
        sent, before = spoil(fields, chance), len(stored.unseen)
        response = post(browsers(someone), url, sent, stored)
        odd = [(name, value) for name, value in sent if value in SPOILT]
        if response.status_code >= 500:
            errors.append(f"{url} {response.status_code} {odd!r:.300} {broken}")
            broken.clear()
        unseen += [f"{url} {odd!r:.300} {found}" for found in stored.unseen[before:]]
    return errors, unseen


def test_a_spoilt_form_breaks_nothing(targets, browsers, broken):
    errors, unseen = faults(browsers, broken, targets, Random(0), POSTS)
    assert not errors + unseen, "\n".join(errors + unseen)


# Pages of setup, and the names of fields on them, of which approvers read what is typed there.
READ = [
    ("auth/group", r"name"),
    ("auth/user", r"first_name"),
    ("approvals/workflow", r"name|description"),
    ("approvals/workflowversion", r"notes|steps-\d+-name|automatic_actions-\d+-name"),
    ("approvals/workflowstep", r"name|instructions"),
    ("approvals/automaticaction", r"name"),
    ("customers/currency", r"name"),
    ("customers/customer", r"search_name"),
]


@pytest.fixture
def read_by_approvers(scene, person, browsers):
    """The forms of those pages: (a superuser, where it goes, its fields, the names of those)."""
    root, found = person("root", is_superuser=True, is_staff=True), []
    for page, names in READ:
        route = f"admin/{page}/<path:object_id>/change/"
        [url] = [url_of(address, scene) for address in every_address() if address.route == route]
        fields = Forms(url, browsers(root).get(url).content.decode()).found[url]
        read = {name for name, _value in fields if re.fullmatch(names, name)}
        assert len(read) >= names.count("|") + 1, page
        found.append((root, url, fields, sorted(read)))
    return found


def test_what_approvers_read_holds_nothing_that_they_cannot_see(read_by_approvers, browsers):
    """All fields of a page that are read are spoilt at once: each is refused for itself."""
    for someone, url, fields, read in read_by_approvers:
        for hidden in HIDDEN:
            sent = [(name, hidden if name in read else value) for name, value in fields]
            stored = Stored()
            response = post(browsers(someone), url, sent, stored)
            assert (response.status_code, stored.unseen) == (200, []), (url, hidden)
            assert refused(response) == set(read), (url, hidden)


def refused(response):
    """The fields of a page of setup that are refused for a character that nobody sees."""
    forms = [response.context["adminform"].form]
    forms += [f for s in response.context["inline_admin_formsets"] for f in s.formset.forms]
    found = {form.add_prefix(name): str(e) for form in forms for name, e in form.errors.items()}
    return {name for name, said in found.items() if "The invisible character U+" in said}


@pytest.fixture
def refuses_nothing(monkeypatch):
    """The program takes all text, and remembers none of it."""
    monkeypatch.setattr(values, "_first_unseen", lambda text: None)
    values._remembering.cache_clear()
    yield
    values._remembering.cache_clear()


def test_what_is_not_refused_is_found(read_by_approvers, browsers, broken, refuses_nothing):
    targets = [(someone, url, fields) for someone, url, fields, _read in read_by_approvers]
    _errors, unseen = faults(browsers, broken, targets, Random(0), 50)
    assert unseen


# Fields of setup that name rows, with which of them a form was once broken.
ROWS = [
    ("auth/group", "permissions"),
    ("auth/user", "groups"),
    ("auth/user", "user_permissions"),
    ("approvals/substitution", "substitute"),
]


@pytest.mark.parametrize(("page", "name"), ROWS)
def test_what_names_no_row_is_refused(scene, person, browsers, broken, page, name):
    browser = browsers(person("root", is_superuser=True, is_staff=True))
    route = f"admin/{page}/<path:object_id>/change/"
    [url] = [url_of(address, scene) for address in every_address() if address.route == route]
    fields = Forms(url, browser.get(url).content.decode()).found[url]
    others = [field for field in fields if field[0] != name]
    for spoilt in (*TOO_MUCH, "-1", "٣", "1_000", "[]", "0000-00-00"):
        response = post(browser, url, [*others, (name, spoilt)], Stored())
        assert (response.status_code, broken) == (200, []), repr(spoilt)[:80]
