"""Finding people by what others call them, and telling namesakes apart."""

from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet


def people_named(text: str) -> QuerySet:
    """The people in whose names each word of `text` stands."""
    people = get_user_model().objects.all()
    for word in text.split():
        names = ("first_name", "last_name", "username")
        either = [Q(**{f"{name}__icontains": word}) for name in names]
        people = people.filter(either[0] | either[1] | either[2])
    return people


def originated_by(text: str, path: str = "") -> Q:
    """Proposals submitted by somebody of this name; or made by him and not submitted yet.

    path: how the proposal is reached from what is filtered, such as "proposal__".
    """
    people = people_named(text).values("pk")
    submitted = Q(**{f"{path}submitted_by__in": people})
    made = {f"{path}submitted_by": None, f"{path}created_by__in": people}
    return submitted | Q(**made)


def tell_apart(people: Iterable) -> None:
    """Note on those of `people` who share a full name with anybody that they have a namesake.

    `values.person_name` names them with their login name from then on. One query for all;
    None among them is nobody.
    """
    people = [person for person in people if person is not None]
    if not people:
        return
    everybody = get_user_model().objects.order_by()
    same = everybody.filter(first_name=OuterRef("first_name"), last_name=OuterRef("last_name"))
    asked = everybody.filter(pk__in={person.pk for person in people})
    shared = set(asked.filter(Exists(same.exclude(pk=OuterRef("pk")))).values_list("pk", flat=True))
    for person in people:
        person.has_namesake = person.pk in shared


def tell_actors_apart(events: Iterable) -> None:
    """The same of whoever did what history entries tell, and of those it was done for."""
    tell_apart(person for event in events for person in (event.actor, event.on_behalf_of))
