"""What is never changed in bulk."""

from django.db import models


class OneByOne(models.QuerySet):
    """Rows of which each change leaves its entry in the history: none is changed in bulk."""

    def _refuse(self, *args, **kwargs):
        """Refuse what Django tells nobody of."""
        raise TypeError("Each of them leaves an entry in the history: save them one by one.")

    update = bulk_create = bulk_update = _refuse
