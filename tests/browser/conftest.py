"""A real Chromium against a live server; skipped, with the reason, where there is none."""

import os
from importlib.util import find_spec

import pytest

from . import chromium


@pytest.fixture(scope="module")
def browser():
    if find_spec("playwright") is None:
        pytest.skip('Playwright is missing: pip install -e ".[browser]"')
    if chromium.installed() is None:
        pytest.skip("Chromium is missing.")
    # Playwright runs an event loop in this thread; Django would refuse to query beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with chromium.launched() as browser:
        yield browser
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page_of(browser, live_server):
    """A function that opens a browser window in which a person is logged in.

    In the end no page may have complained in the console or failed on the server.
    """
    contexts, complaints = [], []

    def note(message):
        if message.type in ("error", "warning"):
            complaints.append(f"{message.text} ({message.location['url']})")

    def open_for(user, width=1280):
        contexts.append(browser.new_context(base_url=live_server.url))
        page = contexts[-1].new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.set_default_timeout(15_000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        chromium.log_in(page, live_server.url, user.username, "password")
        return page

    yield open_for
    for context in contexts:
        context.close()
    assert complaints == []
