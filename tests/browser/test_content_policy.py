"""No page of the program, Django admin's included, does what the content policy forbids.

A browser that refuses something says so in its console, and `page_of` fails the test then.
"""

import pytest

from tests.everywhere.addresses import every_address, url_of
from tests.everywhere.scene import scene_of_everything

from . import chromium

pytest.importorskip("playwright.sync_api", reason=chromium.MISSING)

# What writes scripts or styles of its own when it is used: calendars, choices, further rows.
USED = (".datetimeshortcuts a", ".select2-selection", ".add-row a", "summary", ".select-toggle")


@pytest.fixture
def scene(request):
    return scene_of_everything(request)


def pages_of(client, user, scene):
    """The addresses that show this person a page; parts of pages and downloads are none."""
    client.force_login(user)
    urls = [url_of(address, scene) for address in every_address()]
    answers = {url: client.get(url) for url in urls if "logout" not in url}
    return [
        url
        for url, answer in answers.items()
        if answer.status_code == 200 and not answer.streaming and b"</html>" in answer.content
    ]


def use(page):
    """Click what opens by script, wherever it is on the page."""
    for selector in USED:
        part = page.locator(f"{selector}:visible").first
        if part.count():
            part.click()
            page.keyboard.press("Escape")


def walk(page, urls):
    for url in urls:
        assert page.goto(url).headers["content-security-policy"]
        use(page)


def test_a_superuser_sees_no_page_that_breaks_the_policy(page_of, client, scene, person):
    root = person("root", is_staff=True, is_superuser=True)
    urls = pages_of(client, root, scene)

    assert len(urls) > 120
    walk(page_of(root), urls)


def test_an_approver_sees_no_page_that_breaks_the_policy(page_of, client, scene):
    urls = pages_of(client, scene.approver, scene)

    assert f"/work-items/{scene.item.pk}/delegate/" in urls
    walk(page_of(scene.approver), urls)
