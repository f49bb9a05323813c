"""An open form, once all rights of who has it are withdrawn: refused, and nothing is stored."""

from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import resolve

from .addresses import every_address, url_of
from .answers import WORDS
from .forms import Forms, body
from .people import dismiss
from .test_authorization import table

# What is typed, where a form has such a field; everything else is sent as it was shown.
TYPED = {"phone": "+31 30 9", "account": "S-77", "name": "Typed", "comment": "Tried"}
URLENCODED = "application/x-www-form-urlencoded"
# Who has the forms, and which of them would store something, among others.
WRITE = {
    "clerk": {"customers:edit", "approvals:submit", "approvals:recall"},
    "approver": {"approvals:decide"},
    "administrator": {"admin:approvals_workflow_change", "admin:approvals_substitution_delete"},
}
REFUSED = ("no", "nf", "in")


class Written:
    """Notes what is written to the database, but for who is logged in."""

    def __init__(self):
        self.found = []

    def __call__(self, execute, sql, params, many, context):
        if sql.lstrip().startswith(("INSERT", "UPDATE", "DELETE", "WITH", "COPY")):
            self.found += [] if "django_session" in sql else [sql[:80]]
        return execute(sql, params, many, context)


@pytest.fixture
def forms(scene):
    """A function that opens every page as a person: (where its forms go, what each sends)."""

    def open_all(browser):
        found = {}
        for address in every_address():
            url = url_of(address, scene)
            response = browser.get(url)
            if not response.streaming and b"<form" in response.content:
                for action, fields in Forms(url, response.content.decode()).found.items():
                    found.setdefault(action, fields)
        return found

    return open_all


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def send(browser, action, fields):
    """Post a form, undo it, and return the answer in two letters, and what was written."""
    written = Written()
    sent = [(name, TYPED.get(name, value)) for name, value in fields]
    with undone(), connection.execute_wrapper(written):
        response = browser.post(action, body(sent), content_type=URLENCODED)
    to_login = response.status_code == 302 and "/login/?next=" in response.url
    return "in" if to_login else WORDS[response.status_code], written.found


@pytest.mark.django_db
@pytest.mark.parametrize("who", WRITE)
def test_an_open_form_is_worth_nothing_once_rights_are_withdrawn(scene, forms, who):
    someone, rows, browser = scene.owners[who], table(), Client()
    browser.force_login(someone)
    # Without those that everybody may send, such as the one for a new password.
    theirs = [
        (name, action, fields)
        for action, fields in forms(browser).items()
        for name in [resolve(action.partition("?")[0]).view_name]
        if rows[name]["POST"]["nobody"] in REFUSED
    ]
    assert WRITE[who] <= {name for name, *form in theirs if send(browser, *form)[1]}

    dismiss(someone)
    for _name, *form in theirs:
        told, written = send(browser, *form)
        assert told in REFUSED and not written, (form, told, written)
