"""The company's customers, drawn the same way each time.

Lindeman & Vos, of Utrecht, sells bicycle parts and workshop tools to shops,
workshops and rental firms.
"""

import itertools
import unicodedata
from functools import cache
from random import Random

from stdnum import iban
from stdnum.util import get_cc_module

from approvals.outcomes import Change

from .countries import MARKETS, Market

NAME = "Lindeman & Vos"
HOME = "NL"
EU = {"BE", "DE", "FR", "SE", "DK", "FI", "AT"}
DIGITS, LETTERS = "0123456789", "ABCDEFGHJKLMNPRSTUVWXYZ"

# Credit limit in thousands, terms, discounts and who sells: small, middling and large shops.
SIZES = (
    {"limits": (2, 3, 5, 8), "terms": ("Net14", "Net30"), "rating": "BC", "price": "SHOP"},
    {"limits": (10, 15, 20, 25), "terms": ("Net30",), "rating": "AB", "price": "TRADE"},
    {"limits": (50, 75, 100), "terms": ("Net30", "Net45", "Net60"), "rating": "A", "price": "KEY"},
)
PER_EURO = {"SEK": 10, "DKK": 8, "NOK": 10}
DISTRICTS = {"NL": "Home", "BE": "West", "FR": "West", "GB": "West", "DE": "Middle", "AT": "Middle"}
PLAIN = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae"})
BUSINESS = ("Shop", "Shop", "Shop", "Workshop", "Workshop", "Rental", "Online")
GROUPS = {"Shop": "30", "Online": "30", "Workshop": "10", "Rental": "10"}


def customers() -> list[Change]:
    """A new customer per change: account, and a value for each field that shops have."""
    random = Random(2026)  # noqa: S311  (a company to look at, not a secret)
    return [change for market in MARKETS for change in _market(market, random)]


def _market(market: Market, random):
    names = random.sample(_shop_names(market), market.customers)
    for number, name in enumerate(names, 1001):
        yield Change(f"{market.code}-{number}", _customer(market, name, number, random), new=True)


def _shop_names(market):
    places = itertools.product(market.shops, market.cities, market.last_names)
    # A dictionary, not a set: the order has to be the same each time.
    names = {pattern.format(city=city, last=last): None for pattern, city, last in places}
    return list(names)


def _customer(market, name, number, random):
    size = random.choices(SIZES, weights=(6, 3, 1))[0]
    values = {"name": name, "search_name": _plain(name).replace("-", " ").upper()[:60]}
    values |= _place(market, name, random) | _contact(market, name, random)
    values |= _credit(market, size, random) | _sales(market, size, random)
    values |= _bank(market, number, random)
    return values


def _place(market, name, random):
    named = [city for city in market.cities if city in name]
    city = (named or [random.choice(list(market.cities))])[0]
    street = market.street.format(
        street=random.choice(market.streets), number=random.randint(1, 180)
    )
    return {
        "street": street,
        "city": city,
        "postal_code": _fill(market.cities[city], random),
        "country": market.code,
        "language": market.language,
    }


def _contact(market, name, random):
    person = f"{random.choice(market.first_names)} {random.choice(market.last_names)}"
    domain = f"{_plain(name)}.example"
    return {
        "contact_person": person,
        "phone": _fill(market.phone, random),
        "email": f"{_plain(person.split()[0])}@{domain}",
        "url": f"https://www.{domain}",
    }


def _credit(market, size, random):
    limit = random.choice(size["limits"]) * 1000 * PER_EURO.get(market.currency, 1)
    return {
        "credit_limit": limit,
        "credit_limit_mandatory": random.random() < 0.4,
        "credit_rating": random.choice(size["rating"]),
        "payment_terms": random.choice(size["terms"]),
        "payment_method": random.choice(("BANK", "BANK", "DD")),
        "cash_discount": random.choice(("", "", "2PCT10")),
        "on_hold": random.choices(("No", "Invoice", "All"), weights=(95, 3, 2))[0],
    }


def _sales(market, size, random):
    business = random.choice(BUSINESS)
    return {
        "customer_group": "20" if size["price"] == "KEY" else GROUPS[business],
        "currency": market.currency,
        "price_group": size["price"],
        "line_of_business": business,
        "sales_district": DISTRICTS.get(market.code, "North"),
        "delivery_terms": "DAP" if market.code in EU | {HOME} else "DDP",
        "delivery_mode": random.choice(("PARCEL", "PARCEL", "PALLET")),
        "site": "UTR",
        "warehouse": random.choice(("PARTS", "TOOLS")),
        "electronic_invoice": random.random() < 0.6,
        "tax_group": _tax_group(market.code),
    }


def _tax_group(country):
    return "DOMESTIC" if country == HOME else "EU" if country in EU else "EXPORT"


def _bank(market, number, random):
    return {
        "tax_exempt_number": _vat_number(market, random),
        "bank_account": f"{market.code}{number}-1",
        "bank_name": market.bank,
        "iban": new_iban(market, random),
        "swift": market.swift,
    }


def _vat_number(market, random):
    return _draw(market.vat, _vat_standard(market.code).is_valid, random)


@cache
def _vat_standard(country):
    return get_cc_module(country.lower(), "vat")


def new_iban(market: Market, random) -> str:
    """An IBAN with right check digits at the country's invented bank."""

    def with_check(bban):
        return market.code + iban.calc_check_digits(f"{market.code}00{bban}") + bban

    return with_check(_draw(market.bban, lambda bban: iban.is_valid(with_check(bban)), random))


def _draw(template, is_valid, random):
    """The first of many fillings that is valid: check digits differ from land to land."""
    return next(text for _ in range(100_000) if is_valid(text := _fill(template, random)))


def _fill(template, random):
    choices = {"#": DIGITS, "@": LETTERS}
    return "".join(random.choice(choices.get(char, char)) for char in template)


def _plain(text):
    """`text` as it stands in an Internet address."""
    text = text.lower().replace(".", "").translate(PLAIN)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "-".join("".join(c if c.isalnum() else " " for c in text).split())
