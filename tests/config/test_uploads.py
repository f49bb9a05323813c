"""What people upload lies where nothing is served from, under names that nobody chose."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from approvals.imports import import_jobs
from customers.models import Customer
from tests.customers.factories import customer

NAMES = ["../../static/evil.html", "..\\evil.html", "/etc/cron.d/evil", "evil.html", "ä\u202e.csv"]
PAGES = [("customers:import", "file"), ("admin:customers_customer_import", "import_file")]
OPTIONS = {"decimal_separator": ".", "format": "0", "resource": "0"}
STORED = re.compile(r"[0-9a-f]{32}|admin-[0-9a-f]{32}")


@pytest.mark.parametrize("page, field", PAGES)
@pytest.mark.parametrize("name", NAMES)
def test_an_upload_gets_a_name_of_our_own(client, steward, page, field, name):
    customer("C-1")
    steward.is_staff = True
    steward.save()
    client.force_login(steward)
    before = set(Path(settings.UPLOAD_DIR).parent.rglob("*"))
    file = SimpleUploadedFile("x.csv", b"account,name\nC-1,<script>\n")
    file._name = name
    response = client.post(reverse(page), {field: file, **OPTIONS})
    assert response.status_code in (200, 302)

    [stored] = (f for f in set(Path(settings.UPLOAD_DIR).parent.rglob("*")) - before if f.is_file())
    assert stored.parent == Path(settings.UPLOAD_DIR)
    assert STORED.fullmatch(stored.name)
    for url in (
        f"/static/{stored.name}",
        f"/uploads/{stored.name}",
        f"/data/uploads/{stored.name}",
    ):
        assert client.get(url).status_code == 404


def test_the_name_of_a_file_is_shown_as_it_is(steward):
    """Browsers' uploads lose such characters in Django; files of the command would not."""
    job = import_jobs.new_job(Customer, by=steward, file_name="a\u202evsc.exe")

    assert job.file_name == "a\N{REPLACEMENT CHARACTER}vsc.exe"


def test_the_folder_of_uploads_is_for_the_program_alone(client, steward, settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "uploads"
    client.force_login(steward)
    file = SimpleUploadedFile("x.csv", b"account,name\nC-1,Shop\n")
    client.post(reverse("customers:import"), {"file": file, **OPTIONS})

    assert settings.UPLOAD_DIR.stat().st_mode & 0o077 == 0


def test_nothing_is_served_from_where_uploads_lie():
    served = [Path(folder) for folder in settings.STATICFILES_DIRS]

    assert not any(Path(settings.UPLOAD_DIR).is_relative_to(folder) for folder in served)
    assert not settings.MEDIA_ROOT
