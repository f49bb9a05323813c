"""A process that works on an import, to be killed; and what an import leaves, to be compared.

Run as a program: the number of the job. The environment names the database.
"""

import os
import sys

BATCH = 10
ROWS = 300


def lines(prefix, *, whole=False):
    """A file whose rows are new, proposed, changed, unchanged, failed and repeated in turn.

    whole: without those that fail.
    """
    yield "account,name,customer_group,city,credit_limit"
    for number in range(0, ROWS, 6):
        yield f"{prefix}N{number},New,10,Town,5"
        yield f"{prefix}{number},,,Town,{1000 + number}"
        yield f"{prefix}{number + 1},,,Elsewhere,"
        yield f"{prefix}{number + 2},,,,"
        if not whole:
            yield f"{prefix}{number + 3},,NOWHERE,Town,7"
            yield f"{prefix}{max(number - 60, 0)},,,,"


def traces(job, prefix):
    """What an import left, whatever its accounts begin with: customers, proposals, rows …"""
    from django.contrib.contenttypes.models import ContentType

    from approvals.models import Notification, Proposal, ProposedChange, WorkflowEvent, WorkItem
    from customers.models import Customer

    proposals = Proposal.objects.filter(import_job=job)
    changes = ProposedChange.objects.filter(proposal__in=proposals)
    items = WorkItem.objects.filter(proposal__in=proposals)
    # SQLite takes a small letter for a capital one, and people have entries, too.
    customers = ContentType.objects.get_for_model(Customer)
    events = WorkflowEvent.objects.filter(content_type=customers, record_key__startswith=prefix)
    told = Notification.objects.filter(import_job=job)
    found = {
        "customers": Customer.objects.filter(account__startswith=prefix).values_list(
            "account", "name", "city", "credit_limit", "held"
        ),
        "proposals": proposals.values_list("record_key", "state", "revision", "submitted_by"),
        "changes": changes.values_list("proposal__record_key", "field", "original", "value"),
        "work items": items.values_list("record_key", "assignee", "state"),
        "history": events.values_list("record_key", "verb", "field", "old", "new", "actor"),
        "told": told.values_list("person", "occasion", "count"),
        "rows": job.row_outcomes.values_list("number", "key", "outcome", "changes", "errors"),
    }
    counts = (job.state, job.rows, job.created, job.updated, job.proposed, job.unchanged)
    traces = {name: sorted(map(repr, rows)) for name, rows in found.items()}
    return {**traces, "job": [repr((*counts, job.failed))]}


def main(job_id):
    """Work on the import, and say when it has been taken and when it is closed."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    sys.path.insert(0, os.getcwd())
    import django

    django.setup()
    from django.conf import settings

    from approvals.imports import resources
    from customers.imports import jobs

    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    resources.BATCH, jobs.ATTEMPTS = BATCH, 10**6
    print("ready", flush=True)
    job = jobs.work(job_id)
    print(job.state if job else "not to be had", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
