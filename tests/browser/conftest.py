"""A real Chromium against a live server; skipped, with the reason, where there is none."""

import os

import pytest

from . import chromium

PAGES = pytest.StashKey[list]()


def pytest_itemcollected(item):
    """Mark every test of this folder."""
    item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Add to a failure what every window showed."""
    report = yield
    if report.when == "call" and report.failed:
        for number, page in enumerate(item.stash.get(PAGES, []), start=1):
            path = item.funcargs["tmp_path"] / f"window-{number}.png"
            report.sections.append((f"Window {number}", _photographed(page, path)))
    return report


def _photographed(page, path):
    try:
        page.screenshot(path=path, full_page=True)
    except Exception as error:  # a window that is gone must not hide why the test failed
        return f"{page.url}: no screenshot ({error})"
    return f"{page.url}: {path}"


@pytest.fixture(scope="package")
def browser():
    if chromium.installed() is None:
        pytest.skip("Chromium is missing.")
    # Playwright runs an event loop in this thread; Django would refuse to query beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with chromium.launched() as browser:
        yield browser
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page_of(request, browser, live_server, tmp_path):
    """A function that opens a browser window in which a person is logged in.

    In the end no page may have complained in the console or failed on the server.
    Options are those of a Playwright context, such as java_script_enabled.
    """
    contexts, complaints = [], []
    pages = request.node.stash[PAGES] = []

    def note(message):
        if message.type in ("error", "warning"):
            complaints.append(f"{message.text} ({message.location['url']})")

    def open_for(user, width=1280, **options):
        viewport = {"width": width, "height": 900}
        contexts.append(browser.new_context(base_url=live_server.url, viewport=viewport, **options))
        page = contexts[-1].new_page()
        pages.append(page)
        page.set_default_timeout(15_000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        chromium.log_in(page, live_server.url, user.username, "password")
        return page

    yield open_for
    for context in contexts:
        context.close()
    assert complaints == []
