import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0003_standard_workflow_process"),
    ]

    operations = [
        migrations.AddField(
            model_name="importjob",
            name="attempts",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="How often it was taken since a row was done."
            ),
        ),
        migrations.AddField(
            model_name="importjob",
            name="cancelling",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="importjob",
            name="lease",
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AddField(
            model_name="importjob",
            name="lease_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="importjob",
            name="place",
            field=models.PositiveIntegerField(
                default=0,
                help_text="Number of the last row that is done; an import goes on behind it.",
            ),
        ),
        migrations.AddField(
            model_name="importjob",
            name="taken_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="importjob",
            name="taken_rows",
            field=models.PositiveIntegerField(
                default=0, help_text="Rows that were done when it was taken; for the rate."
            ),
        ),
        migrations.AddField(
            model_name="importjob",
            name="total",
            field=models.PositiveIntegerField(help_text="Rows of the file, once known.", null=True),
        ),
        migrations.AddField(
            model_name="importrow",
            name="folded_key",
            field=models.TextField(
                blank=True,
                help_text="As keys are compared; blank where the row has no key to speak of.",
            ),
        ),
        migrations.AlterField(
            model_name="importjob",
            name="state",
            field=models.CharField(
                choices=[
                    ("reading", "Reading the file"),
                    ("preview", "Preview: nothing has been changed"),
                    ("running", "Importing"),
                    ("done", "Imported"),
                    ("refused", "Refused"),
                    ("cancelled", "Cancelled"),
                    ("stopped", "Stopped: the rules have changed"),
                ],
                default="preview",
                max_length=10,
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="importrow",
            name="job",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="row_outcomes",
                to="approvals.importjob",
            ),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(fields=["job", "folded_key"], name="rows_by_key"),
        ),
    ]
