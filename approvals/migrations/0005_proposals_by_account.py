"""The inquiry sorted by account reads one page, instead of sorting all proposals first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0004_imports_in_the_background"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(fields=["record_key", "id"], name="proposals_by_account"),
        ),
    ]
