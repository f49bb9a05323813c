"""An entry about a workflow is as often about the workflow itself as about its draft."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0011_moments_of_the_history"),
    ]

    operations = [
        migrations.AlterField(
            model_name="workflowevent",
            name="verb",
            field=models.CharField(
                choices=[
                    ("created", "Created"),
                    ("changed", "Changed"),
                    ("changed_without_approval", "Changed by import, nobody approved"),
                    ("proposed", "Proposed"),
                    ("edited", "Proposed value changed"),
                    ("discarded", "Discarded"),
                    ("dropped", "Dropped: equal to the current value"),
                    ("superseded", "Discarded: changed directly"),
                    ("submitted", "Submitted"),
                    ("step_skipped", "Step skipped"),
                    ("assigned", "Assigned"),
                    ("claimed", "Claimed"),
                    ("released", "Released"),
                    ("delegated", "Delegated"),
                    ("reassigned", "Reassigned"),
                    ("reminded", "Reminded"),
                    ("escalated", "Escalated"),
                    ("approved_by_rule", "Approved automatically"),
                    ("rejected_by_rule", "Rejected automatically"),
                    ("approved", "Approved"),
                    ("step_completed", "Step completed"),
                    ("rejected", "Rejected"),
                    ("change_requested", "Change requested"),
                    ("conflict", "Conflict: change requested"),
                    ("recalled", "Recalled"),
                    ("terminated", "Terminated"),
                    ("joined", "Joined with another proposal"),
                    ("completed", "Approval completed"),
                    ("applied", "Applied"),
                    ("parameter_changed", "Parameter changed"),
                    ("enablement_changed", "Enablement changed"),
                    ("workflow_activated", "Workflow version activated"),
                    ("workflow_retired", "Workflow version retired"),
                    ("workflow_changed", "Workflow changed"),
                    ("substitution_changed", "Substitution changed"),
                    ("manager_changed", "Manager changed"),
                    ("rights_changed", "Rights changed"),
                ],
                max_length=30,
                verbose_name="what",
            ),
        ),
    ]
