"""Sessions end: when idle, when the password changes, on logout."""

import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.customers.factories import customer

PASSWORD, NEW = "password", "three-green-bottles"


@pytest.fixture
def emma(person):
    return person("emma", "Clerk")


@pytest.fixture
def browser(emma):
    """A function that opens a browser in which emma logs in."""

    def open_one():
        browser = Client()
        browser.post("/accounts/login/", {"username": "emma", "password": PASSWORD})
        assert browser.get("/").status_code == 200
        return browser

    return open_one


@pytest.fixture
def wait(monkeypatch):
    """A function that lets minutes pass."""
    now, moment, passed = time.time, timezone.now, [0]
    monkeypatch.setattr("config.sessions.time.time", lambda: now() + passed[0])
    monkeypatch.setattr(timezone, "now", lambda: moment() + timedelta(seconds=passed[0]))

    def wait(minutes):
        passed[0] += minutes * 60

    return wait


def texts(response):
    return [str(message) for message in response.context["messages"]]


def test_who_does_nothing_is_logged_out_and_told_why(browser, wait):
    browser = browser()
    wait(settings.SESSION_IDLE_MINUTES + 1)

    response = browser.get("/customers/", follow=True)
    assert response.redirect_chain == [("/accounts/login/?next=/customers/", 302)]
    assert texts(response) == ["You were logged out, since nothing was done for 60 minutes."]
    assert "_auth_user_id" not in browser.session


def test_who_sends_a_form_too_late_hears_that_it_was_not_saved(browser, wait):
    browser = browser()
    wait(settings.SESSION_IDLE_MINUTES + 1)

    [text] = texts(browser.post("/customers/new/", {"name": "Shop"}, follow=True))
    assert text.endswith("What you have just sent was not saved.")


def test_who_works_on_stays_logged_in(browser, wait):
    browser = browser()
    for _ in range(5):
        wait(settings.SESSION_IDLE_MINUTES - 2)
        assert browser.get("/").status_code == 200


def ends_in(response):
    """Seconds, as the cookie of a session that was saved says; and as its row does."""
    cookie = response.cookies[settings.SESSION_COOKIE_NAME]
    row = Session.objects.get(pk=cookie.value)
    return cookie["max-age"], (row.expire_date - timezone.now()).total_seconds()


def test_who_saves_every_half_hour_is_logged_out_twelve_hours_after_the_login(browser, wait):
    form, url = {"version": "1"}, reverse("customers:edit", args=[customer().pk])
    browser = browser()
    for number in range(1, 24):
        wait(30)
        left = pytest.approx((12 - number / 2) * 3600, abs=60)
        # What he is told after saving is kept in his session, which is saved with it.
        assert ends_in(browser.post(url, form)) == (left, left)
        assert browser.get("/").status_code == 200
    wait(31)

    assert browser.get("/").status_code == 302


def test_a_page_that_keeps_itself_up_to_date_keeps_nobody_logged_in(browser, wait):
    browser = browser()
    for _ in range(4):
        wait(settings.SESSION_IDLE_MINUTES // 4 + 1)
        browser.get("/", headers={"Sec-Fetch-Dest": "empty"})

    assert browser.get("/").status_code == 302


@pytest.mark.parametrize("value", [None, "", "9999999999", "9999999999:1abc:forged"])
def test_nobody_gains_time_with_the_cookie(browser, wait, value):
    browser = browser()
    wait(settings.SESSION_IDLE_MINUTES + 1)
    if value is None:
        browser.cookies.pop(settings.SESSION_IDLE_COOKIE_NAME, None)
    else:
        browser.cookies[settings.SESSION_IDLE_COOKIE_NAME] = value

    assert browser.get("/").status_code == 302


def test_the_cookie_of_one_session_does_not_serve_another(browser, wait):
    old, new = browser(), browser()
    wait(settings.SESSION_IDLE_MINUTES - 1)
    assert new.get("/").status_code == 200
    wait(2)
    name = settings.SESSION_IDLE_COOKIE_NAME
    old.cookies[name] = new.cookies[name].value

    assert old.get("/").status_code == 302
    assert new.get("/").status_code == 200


def test_looking_at_pages_writes_nothing_to_the_database(browser, wait):
    browser = browser()
    wait(10)
    with CaptureQueriesContext(connection) as queries:
        assert browser.get("/").status_code == 200

    assert queries.captured_queries
    assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)


def test_a_new_password_ends_the_other_sessions(browser):
    here, there = browser(), browser()
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    response = here.post(reverse("password_change"), form, follow=True)

    assert "Everywhere else you are logged out." in response.content.decode()
    assert here.get("/").status_code == 200
    response = there.get("/", follow=True)
    assert response.redirect_chain
    assert texts(response) == ["Your session has ended. Please log in again."]


def test_a_password_set_by_a_superuser_ends_all_sessions(browser, client, emma, person):
    browser = browser()
    client.force_login(person("root", is_staff=True, is_superuser=True))
    form = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    url = reverse("admin:auth_user_password_change", args=[emma.pk])
    assert client.post(url, form).status_code == 302

    assert browser.get("/").status_code == 302


def test_who_is_deactivated_is_out_at_the_next_request(browser, emma):
    browser = browser()
    emma.is_active = False
    emma.save()

    response = browser.get("/", follow=True)
    assert response.redirect_chain == [("/accounts/login/?next=/", 302)]
    assert texts(response) == ["Your session has ended. Please log in again."]


def reactivate(emma):
    emma.is_active = True
    emma.save()


def test_who_is_activated_again_has_to_log_in_again(browser, emma, person):
    mine, theirs = browser(), Client()
    theirs.force_login(person("sara", "Clerk"))
    emma.is_active = False
    emma.save(update_fields=["is_active"])
    reactivate(emma)

    assert texts(mine.get("/", follow=True)) == ["Your session has ended. Please log in again."]
    assert theirs.get("/").status_code == 200
    assert browser().get("/").status_code == 200


def test_a_request_of_who_is_deactivated_behind_djangos_back_ends_the_session(browser, emma):
    browser = browser()
    User.objects.filter(pk=emma.pk).update(is_active=False)
    assert browser.get("/").status_code == 302
    reactivate(emma)

    assert browser.get("/").status_code == 302


def test_who_deactivates_himself_is_logged_out(client, person):
    root = person("root", is_staff=True, is_superuser=True)
    client.force_login(root)
    url = reverse("admin:auth_user_changelist")
    form = {"username": "root", "date_joined_0": "2026-01-01", "date_joined_1": "00:00"}
    rows = {"reporting_line-TOTAL_FORMS": 0, "reporting_line-INITIAL_FORMS": 0}
    answer = client.post(reverse("admin:auth_user_change", args=[root.pk]), form | rows)

    assert (answer.status_code, answer.url) == (302, url)
    assert client.get("/").status_code == 302


def test_who_was_not_logged_in_is_not_told_that_a_session_ended(browser):
    browser = browser()
    assert texts(browser.post("/accounts/logout/", follow=True)) == ["You are logged out."]

    assert texts(browser.get("/", follow=True)) == []


def test_what_a_person_is_told_is_in_no_cookie(browser):
    browser = browser()
    browser.post("/accounts/logout/")

    assert "You are logged out." in browser.session["_messages"]
    assert "messages" not in browser.cookies


def test_a_right_withdrawn_counts_at_the_next_request(browser, emma):
    browser = browser()
    assert browser.get("/customers/").status_code == 200
    emma.groups.remove(Group.objects.get(name="Clerk"))

    assert browser.get("/customers/").status_code == 403


def test_logging_out_takes_a_post_and_says_so(browser):
    browser = browser()
    assert browser.get("/accounts/logout/").status_code == 405
    assert browser.get("/").status_code == 200

    response = browser.post("/accounts/logout/", follow=True)
    assert response.redirect_chain == [("/accounts/login/", 302)]
    assert texts(response) == ["You are logged out."]
    assert browser.get("/").status_code == 302


def test_logging_out_takes_a_token(emma):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(emma)

    assert browser.post("/accounts/logout/").status_code == 403


@pytest.mark.parametrize(
    "password", ["short-4%kq9", "password1234", "123456789012", "emma@example.com"]
)
def test_a_weak_password_is_refused(browser, emma, password):
    form = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
    response = browser().post(reverse("password_change"), form)

    assert response.status_code == 200
    assert response.context["form"].errors["new_password2"]
    emma.refresh_from_db()
    assert emma.check_password(PASSWORD)
