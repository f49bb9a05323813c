"""Keep with each submission which version of which workflow took it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0007_check_and_index_less"),
    ]

    operations = [
        migrations.AddField(
            model_name="workflowevent",
            name="version",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="approvals.workflowversion",
                verbose_name="workflow version",
            ),
        ),
    ]
