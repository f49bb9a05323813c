"""Ways past the database's guard, for tests that need a state no program may make."""

from contextlib import contextmanager
from unittest import mock

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from approvals import guard, history
from approvals.models import (
    ApprovalParameters,
    FieldEnablement,
    Origin,
    Verb,
    WorkflowEvent,
)
from approvals.values import encode


def switch(**parameters):
    """Switch parameters as any code could that leaves its entries: nobody needs the right."""
    row = ApprovalParameters.objects.get()
    for name, new in parameters.items():
        field = row._meta.get_field(name)
        old, text = encode(field, getattr(row, name)), encode(field, new)
        _tell(Verb.PARAMETER_CHANGED, name, old, text)
        setattr(row, name, new)
    row.save()


def switch_field(name, on):
    """The same of a field's Enable, where it was switched before."""
    row = FieldEnablement.objects.get(field=name)
    texts = encode(None, row.enabled), encode(None, on)
    _tell(Verb.ENABLEMENT_CHANGED, name, *texts, content_type_id=row.content_type_id)
    row.enabled = on
    row.save()


def _tell(verb, field, old, new, **details):
    event = WorkflowEvent(verb=verb, field=field, old=old, new=new, **details)
    event.origin = Origin.CODE
    history.record([event])


@contextmanager
def ungoverned():
    """Write governed columns as if approvals were off, behind the program's back."""
    on = ApprovalParameters.objects.get().enabled
    if on:
        switch(enabled=False)
    yield
    if on:
        switch(enabled=True)


@contextmanager
def unguarded(*models, using=DEFAULT_DB_ALIAS):
    """Have the guard's triggers do nothing meanwhile.

    models: whose triggers are in the way; on SQLite, where each is made anew, the fewer the
    quicker. None: all of them.
    """
    postgresql = connections[using].vendor == "postgresql"
    lifted = _switched(using) if postgresql else _dropped(using, models)
    with lifted:
        yield


@contextmanager
def _dropped(using, models):
    tables = [f' ON "{model._meta.db_table}" ' for model in models]
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        there = guard.sqlite.installed(cursor).items()
        dropped = {n: made for n, made in there if not models or any(t in made for t in tables)}
        for name in dropped:
            guard.sqlite.drop(cursor, name)
    try:
        yield
    finally:
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            # A flush has put them back already.
            for name in dropped.keys() - guard.sqlite.installed(cursor).keys():
                guard.sqlite.create(cursor, name, dropped[name])


@contextmanager
def _switched(using):
    _switch(using, "replica", "DISABLE")
    try:
        yield
    finally:
        _switch(using, "origin", "ENABLE")


def _switch(using, role, verb):
    """PostgreSQL can do so many times as quick as making triggers anew.

    For this transaction alone, which needs a superuser; outside of one for everybody.
    """
    with connections[using].cursor() as cursor:
        if connections[using].in_atomic_block:
            cursor.execute(f"SET session_replication_role = {role}")
            return
        cursor.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger "
            "WHERE starts_with(tgname, 'approvals_guard_')"
        )
        tables = [table for (table,) in cursor]
        cursor.execute("".join(f"ALTER TABLE {table} {verb} TRIGGER USER;" for table in tables))


@contextmanager
def flushed_unguarded():
    """Let the tests that commit empty the database behind them, which the guard refuses."""
    operations = type(connections[DEFAULT_DB_ALIAS].ops)
    run = operations.execute_sql_flush

    def execute_sql_flush(self, sql_list):
        with unguarded(using=self.connection.alias):
            run(self, sql_list)

    def sql_flush(self, style, tables, **options):
        # To truncate seventy tables takes PostgreSQL most of a second.
        return [f"DELETE FROM {self.quote_name(table)}" for table in tables]

    with (
        mock.patch.object(operations, "execute_sql_flush", execute_sql_flush),
        mock.patch.object(operations, "sql_flush", sql_flush),
    ):
        yield
