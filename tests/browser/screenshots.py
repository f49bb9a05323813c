"""Takes the README's screenshot from a demo that is running.

`.venv/bin/python -m tests.browser.screenshots http://127.0.0.1:8000`
"""

import sys
from pathlib import Path

from . import chromium

PASSWORD = "bicycle-lane-2026"
TARGET = Path(__file__).parents[2] / "docs" / "img" / "proposed_changes.png"


def main(url):
    """Photograph the Proposed changes page of a customer, as a clerk sees it."""
    with chromium.launched() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 540}, color_scheme="light")
        chromium.log_in(page, url, "emma", PASSWORD)
        page.goto(f"{url}/customers/?q=NL-1004")
        page.get_by_role("link", name="NL-1004").first.click()
        page.get_by_role("link", name="Proposed changes").first.click()
        page.screenshot(path=TARGET)


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
