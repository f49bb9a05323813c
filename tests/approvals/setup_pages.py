"""What a browser sends from the pages on which workflows are set up."""

from django.urls import reverse

from approvals.workflow import workflows


def texts(client, url="/admin/"):
    """The messages that the next page shows."""
    return [str(message) for message in client.get(url).context["messages"]]


def version_page(version, page="change"):
    """The address of a version's page."""
    return reverse(f"admin:approvals_workflowversion_{page}", args=[version.pk])


def step_page(step):
    """The address of a step's page."""
    return reverse("admin:approvals_workflowstep_change", args=[step.pk])


def action_page(action):
    """The address of an automatic action's page."""
    return reverse("admin:approvals_automaticaction_change", args=[action.pk])


def rows(prefix, *rows, initial=0):
    """A set of rows: a dict for each, those that are stored first; `initial`: how many are."""
    data = {
        f"{prefix}-TOTAL_FORMS": len(rows),
        f"{prefix}-INITIAL_FORMS": initial,
        f"{prefix}-MIN_NUM_FORMS": 0,
        f"{prefix}-MAX_NUM_FORMS": 1000,
    }
    for number, row in enumerate(rows):
        data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


def version_form(version, *steps, initial=0, **values):
    """The form of a draft's page: a dict for each step; further sets of rows as `values`."""
    sets = rows("conditions") | rows("automatic_actions")
    new = [{"policy": "single"} if "id" not in step else {} for step in steps]
    steps = [blank | step for blank, step in zip(new, steps, strict=True)]
    data = {"match": "all", "notes": "", "seen": workflows.mark(version)}
    return data | sets | rows("steps", *steps, initial=initial) | values


def step_form(step, **values):
    """The form of a step's page, as it stands, with other values."""
    data = {
        "name": step.name,
        "instructions": step.instructions,
        "seen": workflows.mark(step.version),
        "match": step.match,
        "assignment": step.assignment,
        "users": [user.pk for user in step.users.all()],
        "groups": [group.pk for group in step.groups.all()],
        "manager_start": step.manager_start,
        "manager_take": step.manager_take,
        "policy": step.policy,
        "time_unit": step.time_unit,
        "final_action": step.final_action,
    }
    return data | rows("conditions") | rows("escalation_levels") | values
