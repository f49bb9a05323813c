"""The state machines in the engine's README are those of the code."""

import pytest
from django.core.management import CommandError, call_command

from approvals import drawing
from approvals.models import Proposal, State, WorkflowVersion

STATE = Proposal._meta.get_field("state")


def edges(field):
    """The diagram's arrows, as lines."""
    return {line.strip() for line in drawing.diagram(field).splitlines() if "-->" in line}


def test_the_readme_draws_the_states_of_the_code():
    call_command("draw_states", check=True)


def test_every_state_machine_is_drawn():
    fields = {(field.model, field.name) for field in drawing.state_machines()}
    assert fields == {(Proposal, "state"), (WorkflowVersion, "state")}


def test_an_arrow_stands_for_each_transition():
    for transition in STATE.get_all_transitions(Proposal):
        assert f"{transition.source} --> {transition.target}: {transition.name}" in edges(STATE)


def test_a_drawing_begins_where_an_object_begins_and_ends_where_nothing_leads_on():
    begins = {state for state in State if f"[*] --> {state}" in edges(STATE)}
    ends = {state for state in State if f"{state} --> [*]" in edges(STATE)}
    assert begins == {State.NOT_SUBMITTED, State.NOT_REQUIRED}
    assert ends == {State.APPROVED, State.DISCARDED, State.JOINED, State.NOT_REQUIRED}


def test_a_readme_that_has_fallen_behind_fails_the_check(monkeypatch):
    monkeypatch.setattr(drawing, "diagram", lambda field: "stateDiagram-v2")
    with pytest.raises(CommandError, match="not those of the code"):
        call_command("draw_states", check=True)


def test_what_stands_around_the_drawings_stays():
    text = drawing.redrawn(f"before\n{drawing.START}\nold\n{drawing.END}\nafter")
    assert text.startswith(f"before\n{drawing.START}\n")
    assert text.endswith(f"{drawing.END}\nafter")
    assert "old" not in text


def test_a_text_without_markers_is_refused():
    with pytest.raises(ValueError, match="once"):
        drawing.redrawn("nothing")
