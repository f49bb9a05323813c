"""An id of more digits than databases take is the id of nothing."""

import re

import pytest

from approvals.models.permissions import may_decide

from .addresses import every_address

ABSURD = ("9" * 19, "9" * 20, "9" * 300)


@pytest.mark.django_db
@pytest.mark.parametrize("digits", ABSURD)
def test_an_absurd_id_is_never_an_error_of_the_program(client, person, digits):
    root = person("root", is_superuser=True, is_staff=True)
    assert may_decide(root)
    client.force_login(root)
    client.raise_request_exception = False
    asked = 0
    for address in every_address():
        path = "/" + re.sub(r"<[^>]+>", digits, address.route)
        if "<" not in address.route or "(?P" in address.route:
            continue
        asked += 1
        ours = address.name.startswith(("approvals:", "customers:"))
        for send in (client.get, client.post):
            status = send(path).status_code
            assert status == 404 if ours else status < 500, (send.__name__, path[:80], status)
    assert asked > 30
