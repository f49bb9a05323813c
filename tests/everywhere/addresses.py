"""Every address that the program answers, as the resolver has them."""

from dataclasses import dataclass

from django.contrib import admin
from django.urls import URLPattern, get_resolver, reverse


@dataclass(frozen=True)
class Address:
    """name: with its namespace, as `reverse` takes it; route: as it stands in the URLs."""

    name: str
    route: str

    @property
    def model(self):
        """The model whose page of Django admin this is, or None."""
        label = self.name.removeprefix("admin:").rpartition("_")[0].lower()
        return next((m for m in admin.site._registry if _label(m) == label), None)


def _label(model):
    return f"{model._meta.app_label}_{model._meta.model_name}"


# What an address is never asked without.
QUERIES = {
    "admin:autocomplete": "?app_label=approvals&model_name=substitution&field_name=person&term=e",
}


def every_address() -> list[Address]:
    """All that have a name; those without one only lead on, see `nameless_routes`."""
    return [Address(name, route) for name, route in _walk(get_resolver()) if name]


def nameless_routes() -> list[str]:
    """The routes of addresses without a name."""
    return [route for name, route in _walk(get_resolver()) if not name]


def _walk(resolver, before="", namespace=""):
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield entry.name and namespace + entry.name, route
        else:
            inner = f"{entry.namespace}:" if entry.namespace else ""
            yield from _walk(entry, route, namespace + inner)


def url_of(address: Address, scene) -> str:
    """Where the address leads in a scene; of an object's page: that of the scene's object."""
    if "<" not in address.route:
        return reverse(address.name) + QUERIES.get(address.name, "")
    return reverse(address.name, kwargs=scene.arguments(address))
