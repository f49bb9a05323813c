"""Who gets what answer from every address; one that the table does not list fails."""

import pytest

from .addresses import every_address
from .answers import answer
from .expected import EXPECTED
from .people import PEOPLE, dismiss, make

METHODS = ("GET", "POST")


def table():
    """The name of an address -> method -> person -> answer."""
    return {
        name: {method: dict(zip(PEOPLE, part.split(), strict=True)) for method, part in parts(row)}
        for row, names in EXPECTED.items()
        for name in names.split()
    }


def parts(row):
    return zip(METHODS, row.split("|"), strict=True)


def answers_to(someone, client, scene):
    """What each address answers to somebody: name -> method -> answer."""
    return {
        address.name: {each: answer(client, each, address, scene, someone) for each in METHODS}
        for address in every_address()
    }


def test_the_table_lists_every_address_once():
    listed = [name for names in EXPECTED.values() for name in names.split()]

    assert sorted(listed) == sorted({address.name for address in every_address()})


@pytest.mark.parametrize("who", PEOPLE)
def test_every_address_answers_as_the_table_says(client, scene, person, who):
    found = answers_to(make(who, person), client, scene)
    expected = {name: {m: row[m][who] for m in METHODS} for name, row in table().items()}

    assert {n: a for n, a in found.items() if a != expected[n]} == {}


@pytest.mark.parametrize("who", PEOPLE[:-2])
def test_rights_withdrawn_count_at_the_next_request(client, scene, person, who):
    someone, rows = make(who, person), table()
    client.force_login(someone)
    assert client.get("/customers/").status_code == 200
    dismiss(someone)

    opened = [a for a in every_address() if rows[a.name]["GET"][who] == "ok"]
    found = {address.name: answer(client, "GET", address, scene, someone) for address in opened}
    expected = {name: rows[name]["GET"]["nobody"] for name in found}
    assert len(found) > 15
    assert {n: a for n, a in found.items() if a != expected[n]} == {}
