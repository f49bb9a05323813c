"""The machine's own Chromium, driven by Playwright."""

import shutil
from contextlib import contextmanager

# Every test module is skipped where Playwright is.
MISSING = 'Playwright is missing: pip install -e ".[browser]"'
NAMES = ("chromium", "chromium-browser", "google-chrome")


def installed():
    """The path of Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched():
    """A browser that is closed in the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=installed(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


def log_in(page, url, username, password):
    """Log in on the login page, and wait for the page that follows."""
    page.goto(f"{url}/accounts/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda address: "/login/" not in address)
