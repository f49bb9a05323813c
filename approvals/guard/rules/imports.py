"""An import does what it may while it runs, and is done once."""

from collections.abc import Iterator

from ...models import ImportJob
from .rule import Rule, Tables, differs


def rules(table: Tables) -> Iterator[Rule]:
    """Those of imports."""
    yield Rule(
        ImportJob,
        "UPDATE",
        "more",
        "an import that runs keeps what it may do, and who imports; any keeps its number",
        when=f"""{differs("id")} OR OLD.state = '{ImportJob.State.RUNNING}'
            AND ({differs("content_type_id", "created_by_id", "behavior")})""",
    )
    yield Rule(
        ImportJob,
        "UPDATE",
        "done",
        "an import that is done stays done",
        when=f"OLD.state = '{ImportJob.State.DONE}' AND NEW.state <> OLD.state",
    )


def at_work(job: str) -> str:
    """Whether rows of an import may be written now; one without a stored file has no preview."""
    state = ImportJob.State
    return f"""({job}.state = '{state.RUNNING}'
        OR {job}.state = '{state.PREVIEW}' AND {job}.stored_as = '')"""
