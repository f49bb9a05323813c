"""Entries of the history get a mark and are sealed; their ids come in blocks."""

from django.db import migrations, models


def give_ids_in_blocks(apps, schema_editor):
    """What is written in one statement has ids that follow one another (`seals.chain.BLOCK`)."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER SEQUENCE approvals_workflowevent_id_seq INCREMENT BY 1048576")


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0008_workflow_version_in_the_history"),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoryHead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.BigIntegerField(default=0)),
                ("hash", models.CharField(default="0" * 64, max_length=64)),
            ],
            options={
                "verbose_name": "newest seal of the history",
                "verbose_name_plural": "newest seal of the history",
            },
        ),
        migrations.CreateModel(
            name="HistorySeal",
            fields=[
                (
                    "position",
                    models.BigIntegerField(
                        primary_key=True, serialize=False, verbose_name="position"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="when")),
                ("first", models.BigIntegerField(unique=True, verbose_name="first entry")),
                ("last", models.BigIntegerField(verbose_name="last entry")),
                ("count", models.BigIntegerField(verbose_name="entries")),
                ("digest", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "verbose_name": "seal of the history",
                "verbose_name_plural": "seals of the history",
                "ordering": ["position"],
            },
        ),
        migrations.AddField(
            model_name="workflowevent",
            name="mark",
            field=models.BigIntegerField(default=0, editable=False),
        ),
        migrations.RunPython(give_ids_in_blocks, migrations.RunPython.noop),
    ]
