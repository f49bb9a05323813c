from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="importjob",
            name="facts",
            field=models.JSONField(
                default=dict, help_text="What was found in the file: format, encoding, columns …"
            ),
        ),
        migrations.AlterField(
            model_name="importjob",
            name="state",
            field=models.CharField(
                choices=[
                    ("preview", "Preview: nothing has been changed"),
                    ("running", "Importing"),
                    ("done", "Imported"),
                    ("refused", "Refused"),
                ],
                default="preview",
                max_length=10,
                verbose_name="status",
            ),
        ),
    ]
