"""The demo's customers, drawn once, and its command."""

from functools import cache
from io import StringIO

from django.core.management import call_command

from customers.demo import company

drawn_once = cache(company.customers)


def demo(**options):
    """Run the command without serving; return what it printed."""
    output = StringIO()
    call_command("demo", no_serve=True, stdout=output, **options)
    return output.getvalue()
