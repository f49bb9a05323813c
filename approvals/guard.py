"""What the database itself refuses, whatever code runs against it.

Four eyes: no contributor of a proposal decides on it, and nobody decides on it on
behalf of one, be it as a delegate or as a substitute. Triggers, since the rule reads
several tables; made anew after each migrate. SQLite drops or breaks triggers when
a table is altered, so there they are taken away before.
"""

from django.db import connections

TABLE = "approvals_decision"
REFUSAL = "four eyes: a contributor does not decide on the proposal"
# Whoever decides, and whom he says he decides for; then whose work item it is.
CONTRIBUTED = """
    EXISTS (SELECT 1 FROM approvals_contributor c
            WHERE c.proposal_id = NEW.proposal_id
              AND c.person_id IN (NEW.person_id, NEW.on_behalf_of_id))
    OR EXISTS (SELECT 1 FROM approvals_workitem w
               JOIN approvals_contributor c ON c.proposal_id = w.proposal_id
               WHERE w.id = NEW.work_item_id
                 AND c.person_id IN (NEW.person_id, NEW.on_behalf_of_id,
                                     w.assignee_id, w.on_behalf_of_id))
"""

POSTGRESQL = f"""
    CREATE OR REPLACE FUNCTION approvals_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF {CONTRIBUTED} THEN
            RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
    DROP TRIGGER IF EXISTS approvals_four_eyes ON {TABLE};
    CREATE TRIGGER approvals_four_eyes BEFORE INSERT OR UPDATE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION approvals_four_eyes();
"""


def install(sender, using, **kwargs):
    """Make the triggers; connected to post_migrate."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return  # Migrated back to before the engine.
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL)
            return
        for event in ("INSERT", "UPDATE"):
            cursor.execute(_drop(event))
            cursor.execute(
                f"CREATE TRIGGER {_name(event)} BEFORE {event} ON {TABLE} WHEN {CONTRIBUTED} "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )


def remove(sender, using, **kwargs):
    """Take the triggers away on SQLite; connected to pre_migrate."""
    connection = connections[using]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for event in ("INSERT", "UPDATE"):
                cursor.execute(_drop(event))


def _name(event):
    return f"approvals_four_eyes_{event.lower()}"


def _drop(event):
    return f"DROP TRIGGER IF EXISTS {_name(event)}"
