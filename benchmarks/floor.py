"""What *Create change proposals* leaves in the database, written with nothing but SQL.

It checks nothing, asks nobody for a permission, knows beforehand which columns the file has
and which workflow takes it, and writes each table in one statement: no import can be much
faster than this.
"""

import csv

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils import timezone

from approvals.imports import import_jobs
from approvals.models import Behavior, ImportJob, WorkflowEvent, WorkflowStep, WorkItem
from benchmarks import scratch
from customers.models import Customer

STAGED = ("number", "account", "credit_limit", "payment_terms", "phone")
STAGE = "CREATE TEMPORARY TABLE staged (number integer, {})".format(
    ", ".join(f"{name} text" for name in STAGED[1:])
)

# One row for each customer in the file, with what it has now and the ids it is to get.
PLAN = """
CREATE TEMPORARY TABLE planned AS
SELECT s.number, c.id, c.account, {limit} AS old_limit, c.payment_terms_id AS old_terms,
       c.phone AS old_phone, s.credit_limit AS new_limit, s.payment_terms AS new_terms,
       s.phone AS new_phone, {proposal} AS proposal, {run} AS run
FROM staged s JOIN customers_customer c ON c.folded_key = lower(s.account)
WHERE {limit} <> s.credit_limit AND c.payment_terms_id <> s.payment_terms AND c.phone <> s.phone
ORDER BY s.number
"""
POSTGRESQL = {
    "limit": "c.credit_limit::text",
    "proposal": "nextval('approvals_proposal_id_seq')",
    "run": "nextval('approvals_steprun_id_seq')",
    "json": "jsonb_build_array",
    "none": "'[]'::jsonb",
    "true": "::jsonb",
}
SQLITE = {
    "limit": "printf('%%.2f', c.credit_limit)",
    "proposal": "s.number",
    "run": "s.number",
    "json": "json_array",
    "none": "'[]'",
    "true": "",
}
EVENT = """
INSERT INTO approvals_workflowevent (at, actor_id, verb, content_type_id, object_id, record_key,
    proposal_id, step_id, field, old, new, comment, origin, import_job_id, mark)
"""
SUBMITTED_ON = """'{"origin": "import", "record": {}}'"""
WRITE = [
    """
INSERT INTO approvals_proposal (id, content_type_id, object_id, record_key, kind, origin,
    import_job_id, state, revision, created_by_id, created_at, submitted_by_id, submitted_at,
    note, version_id, routed_on)
SELECT proposal, %(type)s, id, account, 'change', 'import', %(job)s, 'pending', 2, %(by)s, %(at)s,
    %(by)s, %(at)s, '', %(version)s, {submitted_on}{true}
FROM planned
""",
    """
INSERT INTO approvals_proposedchange (proposal_id, content_type_id, object_id, field, original,
    value, outcome, proposed_by_id, proposed_at)
SELECT proposal, %(type)s, id, 'credit_limit', old_limit, new_limit, '', %(by)s, %(at)s
FROM planned
UNION ALL
SELECT proposal, %(type)s, id, 'payment_terms', old_terms, new_terms, '', %(by)s, %(at)s
FROM planned
""",
    """
INSERT INTO approvals_contributor (proposal_id, person_id, role)
SELECT proposal, %(by)s, 'imported' FROM planned
""",
    """
UPDATE customers_customer SET phone = p.new_phone, revision = customers_customer.revision + 1,
    modified_at = %(at)s
FROM planned p WHERE p.id = customers_customer.id
""",
    EVENT
    + """
SELECT %(at)s, %(by)s, 'changed', %(type)s, id, account, NULL, NULL, 'phone', old_phone,
    new_phone, '', 'import', %(job)s, 0
FROM planned
""",
    EVENT
    + """
SELECT %(at)s, %(by)s, 'proposed', %(type)s, id, account, proposal,
    CAST(NULL AS bigint), 'credit_limit', old_limit, new_limit, '', 'import', %(job)s, 0
FROM planned
UNION ALL
SELECT %(at)s, %(by)s, 'proposed', %(type)s, id, account, proposal,
    CAST(NULL AS bigint), 'payment_terms', old_terms, new_terms, '', 'import', %(job)s, 0
FROM planned
""",
    EVENT
    + """
SELECT %(at)s, %(by)s, 'submitted', %(type)s, id, account, proposal, NULL, '', NULL, NULL, '',
    'import', %(job)s, 0
FROM planned
""",
    """
INSERT INTO approvals_steprun (id, proposal_id, step_id, state, votes_needed, started_at, level)
SELECT run, proposal, %(step)s, 'running', 1, %(at)s, 0 FROM planned
""",
    """
INSERT INTO approvals_workitem (step_run_id, proposal_id, record_key, assignee_id, state,
    created_at)
SELECT run, proposal, account, %(approver)s, 'open', %(at)s FROM planned
""",
    EVENT
    + """
SELECT %(at)s, %(by)s, 'assigned', %(type)s, id, account, proposal, %(step)s, '', NULL, NULL,
    %(name)s, 'import', %(job)s, 0
FROM planned
""",
    """
INSERT INTO approvals_importrow (job_id, number, key, folded_key, outcome, changes, errors, notes)
SELECT %(job)s, number, account, lower(account), 'proposed',
    {json}({json}('phone', old_phone, new_phone, 'direct'),
           {json}('credit_limit', old_limit, new_limit, 'proposed'),
           {json}('payment_terms', old_terms, new_terms, 'proposed')),
    {none}, {none}
FROM planned
""",
]


def propose(company) -> float:
    """Seconds for proposing the rows of `company.changed`."""
    job = import_jobs.new_job(
        Customer, by=company.steward, file_name="changed.csv", behavior=Behavior.PROPOSE
    )
    job.save()
    step = WorkflowStep.objects.get()
    known = {
        "type": ContentType.objects.get_for_model(Customer).pk,
        "job": job.pk,
        "by": company.steward.pk,
        "approver": company.approver.pk,
        "name": company.approver.get_username(),
        "step": step.pk,
        "version": step.version_id,
        "at": connection.ops.adapt_datetimefield_value(timezone.now()),
    }
    words = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    time = scratch.seconds(lambda: _write(company.changed, words, known))
    _check(job, company.size)
    return time


def _write(path, words, known):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STAGE)
        _stage(cursor, path)
        cursor.execute(PLAN.format(**words), [])
        for statement in WRITE:
            # Not `format`: the statements hold braces of their own.
            for name, word in {**words, "submitted_on": SUBMITTED_ON}.items():
                statement = statement.replace(f"{{{name}}}", word)
            cursor.execute(statement, known)
        cursor.execute("DROP TABLE staged")
        cursor.execute("DROP TABLE planned")


def _stage(cursor, path):
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        numbered = ([number, *row] for number, row in enumerate(rows, 2))
        if connection.vendor == "postgresql":
            with cursor.copy("COPY staged FROM STDIN") as copy:
                for row in numbered:
                    copy.write_row(row)
        else:
            cursor.executemany("INSERT INTO staged VALUES (%s, %s, %s, %s, %s)", list(numbered))


def _check(job, rows):
    """What was written is what an import would have written."""
    found = {
        "rows": job.row_outcomes.count(),
        "proposals": ImportJob.objects.get(pk=job.pk).proposals.filter(changes__outcome="").count(),
        "events": WorkflowEvent.objects.filter(import_job=job.pk).count(),
        "items": WorkItem.objects.filter(proposal__import_job=job.pk).count(),
    }
    if found != {"rows": rows, "proposals": 2 * rows, "events": 5 * rows, "items": rows}:
        raise RuntimeError(f"{found}: the floor would mean nothing.")
