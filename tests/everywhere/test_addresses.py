"""The scene has something for every address."""

import pytest
from django.urls import resolve

from .addresses import every_address, nameless_routes, url_of


def test_every_address_leads_to_something_in_the_scene(scene, client, person):
    root = person("root", is_superuser=True, is_staff=True)
    for address in every_address():
        client.force_login(root)
        response = client.get(url_of(address, scene))
        assert response.status_code != 404 or address.name in OF_ITS_OWNER, address.name


def test_no_address_does_without_a_token_against_forged_forms(scene):
    for address in every_address():
        view = resolve(url_of(address, scene).partition("?")[0]).func
        assert not getattr(view, "csrf_exempt", False), address.name


# What nobody but the person whom it is for is shown.
OF_ITS_OWNER = {"approvals:notification", "approvals:open_notification"}


@pytest.mark.django_db
def test_an_address_without_a_name_only_leads_on(client, person):
    """Django admin's: to the page of the object, or to the address with a slash."""
    assert all(route.startswith("admin/") for route in nameless_routes())
    for route in nameless_routes():
        assert route.endswith(("<path:object_id>/", "(?P<url>.*)$"))
