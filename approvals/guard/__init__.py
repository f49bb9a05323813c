"""What the database itself refuses, whatever code runs against it.

A governed field changes only by approval; an approval cannot be made up; nobody who
contributed decides. Triggers, since the rules read several tables; made anew after each
migrate. SQLite drops or breaks triggers when a table is altered, so there they are taken
away before. What it cannot stop stands in SECURITY.md.
"""

from django.contrib.contenttypes.models import ContentType
from django.core.checks import Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from ..registry import all_governed
from . import postgresql, sqlite
from .rules import KEPT


def install(sender=None, using=DEFAULT_DB_ALIAS, **kwargs) -> None:
    """Make the triggers as they should be; connected to post_migrate."""
    _make(_wanted(connections[using]), using)


def _make(wanted, using):
    """Remove all triggers but those that are wanted; make those that are missing."""
    dialect = _dialect(connections[using])
    expected = dialect.texts(wanted)
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        there = dialect.installed(cursor)
        for name in there:
            if there[name] != expected.get(name):
                dialect.drop(cursor, name)
        for name, made in wanted.items():
            if there.get(name) != expected[name]:
                dialect.create(cursor, name, made)


def remove_before_migrate(sender, using, **kwargs) -> None:
    """Take the triggers away where altering a table would break them; for pre_migrate."""
    if connections[using].vendor == "sqlite":
        remove(using)


def remove(using=DEFAULT_DB_ALIAS) -> None:
    """Take the triggers away. Nothing is guarded until `install`."""
    _make({}, using)


def gaps(using=DEFAULT_DB_ALIAS) -> list[str]:
    """The triggers that are missing, switched off, or not what this program would make."""
    connection = connections[using]
    expected = _dialect(connection).texts(_wanted(connection))
    with connection.cursor() as cursor:
        there = _dialect(connection).installed(cursor)
    return sorted(name for name, text in expected.items() if there.get(name) != text)


def require(using=DEFAULT_DB_ALIAS) -> None:
    """Refuse to start where the guard does not stand. Raises ImproperlyConfigured."""
    connection = connections[using]
    if not _has_tables(connection):
        raise ImproperlyConfigured("The database has no tables yet: run manage.py migrate.")
    if found := gaps(using):
        raise ImproperlyConfigured(f"{_told(found)} Run manage.py migrate.")


@register(Tags.database)
def check_guard(app_configs=None, databases=None, **kwargs) -> list[Warning]:
    """Warn where the guard does not stand. No error: that would keep `migrate` from mending it."""
    return [
        Warning(_told(found), hint="Run manage.py migrate.", id="approvals.W001")
        for using in databases or ()
        if (found := gaps(using))
    ]


def _told(found):
    return (
        f"The database does not guard governed fields as it should: {len(found)} triggers are "
        f"missing or altered, such as {found[0]}."
    )


def _dialect(connection):
    return postgresql if connection.vendor == "postgresql" else sqlite


def _wanted(connection) -> dict:
    """The triggers that belong into a database, by name; none before it has the tables."""
    tables = _tables(connection)
    if not _complete(tables):
        return {}
    types = {
        governed: _type_id(governed, connection)
        for governed in all_governed()
        if governed.model._meta.db_table in tables
    }
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            return postgresql.triggers(types, postgresql.current_schema(cursor))
    return sqlite.triggers(types)


def _type_id(governed, connection):
    """Asked of the database itself: ids that were remembered may be those of another one."""
    meta = governed.model._meta
    found = ContentType.objects.using(connection.alias).order_by()
    found = found.filter(app_label=meta.app_label, model=meta.model_name)
    return found.values_list("pk", flat=True).first() or 0


def _tables(connection):
    with connection.cursor() as cursor:
        return set(connection.introspection.table_names(cursor))


def _has_tables(connection):
    return _complete(_tables(connection))


def _complete(tables):
    return all(model._meta.db_table in tables for model in KEPT)
