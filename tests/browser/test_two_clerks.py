"""Two clerks edit one customer at the same time: each sees the other's work, none is lost."""

from decimal import Decimal

import pytest

from tests.customers.factories import customer

from .steps import expect, fill, save


@pytest.fixture
def shop(workflow, govern_fields):
    govern_fields("credit_limit")
    return customer("S-1", name="Shop", credit_limit=Decimal(1000), phone="030 1", city="Bonn")


@pytest.fixture
def hers(page_of, shop, person):
    """The form of a clerk who opened the customer, and who types while another saves."""
    page = page_of(person("carla", "Clerk", first_name="Carla"))
    page.goto(f"/customers/{shop.pk}/edit/")
    return page


@pytest.fixture
def overtaken(hers, page_of, shop, clerk):
    """Her form after she has saved what another had changed, too."""
    his = page_of(clerk)
    his.goto(f"/customers/{shop.pk}/edit/")
    fill(his, {"Telephone": "030 2", "Fax": "030 9", "Credit limit": "2000"})
    save(his)
    expect(his.get_by_text("Changes have not been submitted")).to_be_visible()
    fill(hers, {"Telephone": "030 3", "City": "Köln", "Credit limit": "3000"})
    save(hers)
    return hers


def field(page, label):
    """A field of the form, with what stands under it."""
    return page.locator(".field", has=page.get_by_label(label, exact=True))


def test_who_is_overtaken_sees_the_others_values_beside_her_own(overtaken, shop):
    expect(overtaken.get_by_text("Clara Clerk saved this customer")).to_be_visible()
    expect(field(overtaken, "Telephone")).to_contain_text("030 2 (Clara Clerk")
    expect(field(overtaken, "Credit limit")).to_contain_text("2,000.00 (Clara Clerk")
    typed = {"Telephone": "030 3", "City": "Köln", "Credit limit": "3000"}
    for label, value in typed.items():
        expect(overtaken.get_by_label(label, exact=True)).to_have_value(value)
    shop.refresh_from_db()
    assert (shop.phone, shop.city) == ("030 2", "Bonn")


def test_saving_again_keeps_hers_and_what_the_other_did_elsewhere(overtaken, shop):
    save(overtaken)

    row = overtaken.get_by_role("row", name="Credit limit")
    expect(row).to_contain_text("3,000.00")
    shop.refresh_from_db()
    assert (shop.phone, shop.city, shop.fax) == ("030 3", "Köln", "030 9")
    overtaken.goto(f"/customers/{shop.pk}/history/")
    expect(overtaken.get_by_text("2,000.00").first).to_be_visible()
