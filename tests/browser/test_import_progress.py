"""The page of an import that a worker works on: it keeps up, with scripts and without."""

import queue
import re
import threading

import pytest
from django.db import connection

from approvals.models import ImportJob
from customers.imports import jobs
from customers.models import Customer
from tests.customers.factories import customer

from .steps import expect

ROWS = 5
State = ImportJob.State


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file that is worked on in the background, a row at a time: one of them fails."""
    monkeypatch.setattr(jobs, "AT_ONCE_BYTES", 0)
    monkeypatch.setattr("approvals.imports.resources.BATCH", 1)
    for number in range(ROWS):
        customer(f"C{number}", name="Old")
    rows = [f"C{number},New,{'nonsense' if number == 1 else ''}" for number in range(ROWS)]
    path = tmp_path / "names.csv"
    path.write_text("\n".join(["account,name,email", *rows]))
    return path


class Worker:
    """Works on the import there is, in a thread, one batch whenever it is told to."""

    def __init__(self):
        self._steps, self._done = queue.Queue(), queue.Queue()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def step(self, times=1):
        """Let it do so many batches, and wait until they are in."""
        for _time in range(times):
            self._steps.put(None)
            assert self._done.get(timeout=10) is None

    def end(self):
        """Let it go on to the end."""
        for _time in range(ROWS + 1):
            self._steps.put(None)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _work(self):
        try:
            jobs.work(ImportJob.objects.get().pk, tell=self._pause, stopped=self._wait)
        finally:
            connection.close()

    def _wait(self):
        self._steps.get(timeout=60)
        return False

    def _pause(self, job, outcomes):
        self._done.put(None)


def upload(page, file):
    """Choose a file, and come to the page of its import."""
    page.goto("/customers/import/")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Preview").click()
    page.wait_for_url(re.compile(r"/import/\d+/$"))


def previewed(page, file):
    """Come to the preview of a file."""
    upload(page, file)
    jobs.work(ImportJob.objects.get().pk)
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_visible()


def names():
    """The names of the customers, in the order of the file."""
    return list(Customer.objects.order_by("account").values_list("name", flat=True))


def test_the_page_follows_an_import_from_its_upload_to_its_end(page_of, steward, file):
    page = page_of(steward)
    upload(page, file)
    expect(page.get_by_text("It waits for a worker")).to_be_visible()
    page.evaluate("window.sameWindow = true")
    worker = Worker()
    worker.step(2)
    expect(page.get_by_text("2 of 5 rows")).to_be_visible()
    expect(page.get_by_text("It waits for a worker")).to_have_count(0)
    assert page.evaluate("window.sameWindow")
    worker.end()
    page.get_by_role("button", name="Import", exact=True).click()

    expect(page.get_by_text("0 of 5 rows")).to_be_visible()
    page.evaluate("window.sameWindow = true")
    worker = Worker()
    worker.step(1)
    expect(page.get_by_text("1 of 5 rows")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "20")
    expect(page.get_by_text(re.compile(r"rows · \d+ a second · \d+:\d\d left"))).to_be_visible()
    worker.step(2)
    expect(page.get_by_text("3 of 5 rows")).to_be_visible()
    expect(page.locator(".total-updated")).to_have_text("2 Updated")
    expect(page.locator(".total-failed")).to_have_text("1 Failed")
    assert page.evaluate("window.sameWindow")
    assert names() == ["New", "Old", "New", "Old", "Old"]
    worker.end()
    expect(page.get_by_text("Imported", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Failed rows")).to_be_visible()
    assert names() == ["New", "Old", "New", "New", "New"]


def test_who_leaves_comes_back_to_it_and_cancels_it(page_of, steward, file):
    page = page_of(steward)
    previewed(page, file)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("0 of 5 rows")).to_be_visible()
    worker = Worker()
    worker.step(1)
    page.goto("/customers/")
    worker.step(1)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Import").click()
    page.get_by_role("link", name="names.csv").click()
    expect(page.get_by_text("2 of 5 rows")).to_be_visible()

    page.get_by_role("button", name="Cancel import").click()
    expect(page.get_by_text("cancelled before the next batch")).to_be_visible()
    worker.end()
    expect(page.get_by_text("The import was cancelled.")).to_be_visible()
    # The third batch was about to begin, and looked at the job first.
    assert names() == ["New", "Old", "Old", "Old", "Old"]
    expect(page.get_by_text("done up to row 3")).to_be_visible()
    assert ImportJob.objects.get().state == State.CANCELLED


def test_without_scripts_a_link_shows_how_far_it_is(page_of, steward, file):
    page = page_of(steward, java_script_enabled=False)
    upload(page, file)
    expect(page.get_by_text("It waits for a worker")).to_be_visible()
    worker = Worker()
    worker.step(2)
    page.get_by_role("link", name="Refresh").click()
    expect(page.get_by_text("2 of 5 rows")).to_be_visible()
    worker.end()
    page.get_by_role("link", name="Refresh").click()
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Refresh")).to_have_count(0)


def test_who_was_logged_out_meanwhile_is_asked_to_log_in(page_of, steward, file):
    page = page_of(steward)
    upload(page, file)
    address = page.url
    page.context.clear_cookies()
    expect(page.get_by_label("Password")).to_be_visible()
    page.get_by_label("Username").fill("steward")
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(address)
