"""An entry of the history, and a seal, has a moment that every database and calendar knows."""

from datetime import UTC, datetime

from django.db import migrations, models

IS_A_MOMENT = models.CheckConstraint(
    condition=models.Q(
        at__gte=datetime(1000, 1, 1, tzinfo=UTC), at__lt=datetime(9000, 1, 1, tzinfo=UTC)
    ),
    name="%(class)s_at_is_a_moment",
)


def named(model):
    """The constraint under the name that it has on one model."""
    found = IS_A_MOMENT.clone()
    found.name = f"{model}_at_is_a_moment"
    return migrations.AddConstraint(model, found)


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0010_rights_in_the_history"),
    ]

    operations = [named("historyseal"), named("workflowevent")]
