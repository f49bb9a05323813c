"""State machines drawn from the code: Mermaid diagrams and tables for the README."""

import re
from collections import defaultdict
from inspect import getdoc

from django.apps import apps
from django_fsm import FSMFieldMixin

START, END = "<!-- states: drawn by manage.py draw_states -->", "<!-- end of states -->"
_BETWEEN = re.compile(f"(?<={re.escape(START)}\n).*(?={re.escape(END)})", re.DOTALL)


def state_machines(app_label="approvals") -> list:
    """The fields of an app's models that hold a state, in the order of the models."""
    return [
        field
        for model in apps.get_app_config(app_label).get_models()
        for field in model._meta.get_fields()
        if isinstance(field, FSMFieldMixin)
    ]


def redrawn(text: str) -> str:
    """`text` with the present drawings between its markers. Raises ValueError without markers."""
    drawings = "".join(_section(field) for field in state_machines()) + "\n"
    redrawn, found = _BETWEEN.subn(lambda _match: drawings, text)
    if found != 1:
        raise ValueError(f"Put “{START}” and “{END}” around the drawings, once.")
    return redrawn


def diagram(field) -> str:
    """A Mermaid diagram of a state machine: states with their labels, transitions by method.

    It begins where a new object begins: in the default, and in states that no transition
    leads to. It ends in those that none leaves.
    """
    transitions = _transitions(field)
    sources, targets = {t.source for t in transitions}, {t.target for t in transitions}
    lines = [f'state "{label}" as {name}' for name, label in field.choices]
    lines += [f"[*] --> {n}" for n, _ in field.choices if n == field.default or n not in targets]
    lines += [f"{t.source} --> {t.target}: {t.name}" for t in transitions]
    lines += [f"{name} --> [*]" for name, _label in field.choices if name not in sources]
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in lines)])


def _section(field):
    model = field.model.__name__
    parts = (f"`{model}.{field.name}`:", f"```mermaid\n{diagram(field)}\n```", _table(field))
    return "\n" + "\n\n".join(parts) + "\n"


def _table(field):
    sources = defaultdict(list)
    for transition in _transitions(field):
        sources[transition.name, transition.target, _summary(transition)].append(transition.source)
    labels = dict(field.choices)
    rows = [
        (f"`{name}`", ", ".join(str(labels[source]) for source in found), labels[target], does)
        for (name, target, does), found in sources.items()
    ]
    table = [("Method", "From", "To", "What it does"), ("---",) * 4, *rows]
    return "\n".join("| {} | {} | {} | {} |".format(*row) for row in table)


def _transitions(field) -> list:
    """Every transition, in the order of the states it leaves."""
    order = [name for name, _label in field.choices]
    found = list(field.get_all_transitions(field.model))
    return sorted(found, key=lambda t: (order.index(t.source), order.index(t.target), t.name))


def _summary(transition) -> str:
    return getdoc(transition.method).splitlines()[0]
