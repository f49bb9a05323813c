"""Takes the README's screenshot from a running demo.

.venv/bin/python manage.py demo
.venv/bin/python tests/browser/screenshots.py http://127.0.0.1:8000
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PASSWORD = "bicycle-lane-2026"
TARGET = Path(__file__).parents[2] / "docs" / "img" / "proposed_changes.png"


def main(url):
    """Log in as a clerk and photograph a customer with two open proposals."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 540}, color_scheme="light")
        log_in(page, url, "emma")
        page.goto(f"{url}/customers/?q=NL-1004")
        page.get_by_role("link", name="NL-1004").first.click()
        page.get_by_role("link", name="Proposed changes").first.click()
        page.screenshot(path=TARGET)
        browser.close()


def log_in(page, url, username):
    """Log in as one of the demo's people."""
    page.goto(f"{url}/accounts/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
