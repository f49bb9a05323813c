"""Finding people by what others call them."""

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet


def people_named(text: str) -> QuerySet:
    """The people in whose names each word of `text` stands."""
    people = get_user_model().objects.all()
    for word in text.split():
        names = ("first_name", "last_name", "username")
        either = [Q(**{f"{name}__icontains": word}) for name in names]
        people = people.filter(either[0] | either[1] | either[2])
    return people
