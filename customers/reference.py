"""What the reference tables hold from the start.

Countries and currencies come from the ISO standards, terms of delivery from
Incoterms 2020; the rest is a small set of our own to begin with.
"""

import pycountry
from django.apps import apps as installed_apps
from django.db import DEFAULT_DB_ALIAS

# Listed in ISO 4217, but nobody invoices in them: units of account and funds.
FUNDS = {"BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW"}
# Of the X codes, which belong to no country, those that are money: the rest are
# metals, bond units, units of account and codes for testing.
SHARED_CURRENCIES = {"XAF", "XCD", "XCG", "XOF", "XPF"}

DELIVERY_TERMS = {
    "EXW": "Ex works",
    "FCA": "Free carrier",
    "CPT": "Carriage paid to",
    "CIP": "Carriage and insurance paid to",
    "DAP": "Delivered at place",
    "DPU": "Delivered at place unloaded",
    "DDP": "Delivered duty paid",
    "FAS": "Free alongside ship",
    "FOB": "Free on board",
    "CFR": "Cost and freight",
    "CIF": "Cost, insurance and freight",
}
CUSTOMER_GROUPS = {
    "10": "Companies",
    "20": "Key accounts",
    "30": "Shops and resellers",
    "40": "Consumers",
    "50": "Public bodies",
    "90": "Companies of our own group",
}
PAYMENT_METHODS = {
    "BANK": "Bank transfer",
    "CARD": "Payment card",
    "CASH": "Cash",
    "CHECK": "Check",
    "DD": "Direct debit",
}
TAX_GROUPS = {
    "DOMESTIC": "Domestic customers",
    "EU": "Customers in other EU countries",
    "EXPORT": "Customers outside the EU",
    "EXEMPT": "Customers exempt from tax",
}
NET_DAYS = (7, 10, 14, 30, 45, 60, 90)


def seed_after_migrate(sender, using, apps=installed_apps, **kwargs):
    """Receiver of post_migrate: seed, with the models as that migration left them."""
    seed(using, apps)


def seed(using=DEFAULT_DB_ALIAS, apps=installed_apps):
    """Fill each reference table that is empty. One that holds a row is its users' business."""
    for name, rows in TABLES.items():
        if model := _model(apps, name):
            table = model.objects.using(using)
            if not table.exists():
                table.bulk_create([model(**row) for row in rows()], ignore_conflicts=True)


def _model(apps, name):
    """The model, or None where the migrations that ran do not have it."""
    try:
        return apps.get_model("customers", name)
    except LookupError:
        return None


def countries():
    """Every country of ISO 3166, by the name people use for it."""
    for country in pycountry.countries:
        name = getattr(country, "common_name", country.name)
        yield {"code": country.alpha_2, "alpha3": country.alpha_3, "name": name}


def currencies():
    """The active currencies of ISO 4217."""
    for currency in pycountry.currencies:
        code = currency.alpha_3
        if code in SHARED_CURRENCIES or not (code.startswith("X") or code in FUNDS):
            yield {"code": code, "name": currency.name}


def payment_terms():
    """Net terms, cash on delivery and the end of the month."""
    yield {"code": "COD", "name": "Cash on delivery", "net_days": 0}
    yield {"code": "EOM", "name": "End of the month", "net_days": None}
    for days in NET_DAYS:
        yield {"code": f"Net{days}", "name": f"Net {days} days", "net_days": days}


def _named(codes):
    return lambda: ({"code": code, "name": name} for code, name in codes.items())


TABLES = {
    "Country": countries,
    "Currency": currencies,
    "CustomerGroup": _named(CUSTOMER_GROUPS),
    "PaymentTerms": payment_terms,
    "PaymentMethod": _named(PAYMENT_METHODS),
    "DeliveryTerms": _named(DELIVERY_TERMS),
    "TaxGroup": _named(TAX_GROUPS),
}
