"""Cookies that nobody was sent: whatever stands in one, it is answered as if there were none."""

import pytest
from django.test import Client

PAGES = ("/accounts/login/", "/", "/customers/", "/admin/")
COOKIES = ("sessionid", "csrftoken", "messages", "lastseen", "django_language")
# As they stand in a header: Django reads \000 between quotes as the character NUL.
ODD = (r'"abcdefgh\000ij"', r'"\000"', r'"\377\303abcdefgh"', "x", '"' + "a" * 5000 + '"', "[[]]")

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("value", ODD, ids=lambda value: value[:12])
@pytest.mark.parametrize("name", COOKIES)
def test_no_cookie_breaks_a_page(name, value):
    for method in ("get", "post"):
        for url in PAGES:
            browser = Client(raise_request_exception=False)
            response = getattr(browser, method)(url, HTTP_COOKIE=f"{name}={value}")
            expected = 200 if url == PAGES[0] else 302
            assert response.status_code == expected, (method, url)


@pytest.mark.parametrize("value", ODD, ids=lambda value: value[:12])
def test_no_cookie_stands_for_a_token_against_forged_forms(value):
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)

    assert browser.post(PAGES[0], HTTP_COOKIE=f"csrftoken={value}").status_code == 403


@pytest.mark.parametrize("value", ODD, ids=lambda value: value[:12])
@pytest.mark.parametrize("name", COOKIES[1:])
def test_no_cookie_breaks_a_page_of_who_is_logged_in(person, name, value):
    browser = Client(raise_request_exception=False)
    browser.force_login(person("zoe", "Clerk"))
    cookies = f"{browser.cookies.output(header='', attrs=[])}; {name}={value}"

    assert browser.get("/customers/", HTTP_COOKIE=cookies).status_code == 200
