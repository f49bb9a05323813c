"""Rights of people and groups: each change of them leaves an entry in the history.

Django admin and code alike, by signals; what goes past them, such as `QuerySet.update` or
SQL, leaves none. A change and its entry are one transaction.
"""

from contextvars import ContextVar

from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from . import history, noting
from .acting import who
from .models import Verb, WorkflowEvent
from .values import encode, person_name

FLAGS = ("is_active", "is_staff", "is_superuser")
# By what the pages of the history tell who a person is, and where a new password is sent.
NAMES = ("username", "first_name", "last_name", "email")
# What people and groups have many of, by the table that keeps it.
MANY = {
    User.groups.through: (User, "groups"),
    User.user_permissions.through: (User, "user_permissions"),
    Group.permissions.through: (Group, "permissions"),
}
# What stands between the names of an entry.
BETWEEN = ", "
KEY_LENGTH = WorkflowEvent._meta.get_field("record_key").max_length


def watch() -> None:
    """Connect to the signals of people, groups and permissions."""
    User.save_base = Group.save_base = noting.save_base
    User.check_password = _check_password
    for signal, receiver, model in (
        (pre_save, _remember, User),
        (post_save, _person_saved, User),
        (pre_save, _group_renamed, Group),
        (pre_delete, _person_removed, User),
        (pre_delete, _group_removed, Group),
        (pre_delete, _permission_removed, Permission),
    ):
        for kind in (model, *_proxies(model)):
            signal.connect(receiver, sender=kind)
    for through in MANY:
        m2m_changed.connect(_many_changed, sender=through)


def _proxies(model):
    """Other names of a model, whose signals Django sends under that name alone."""
    for kind in model.__subclasses__():
        if kind._meta.proxy:
            yield from (kind, *_proxies(kind))


_logging_in = ContextVar("whose password is being looked at", default=None)


def _check_password(self, raw_password):
    """Whether it is the person's; Django saves it anew where it was hashed in an older way."""
    token = _logging_in.set(self)
    try:
        return super(User, self).check_password(raw_password)
    finally:
        _logging_in.reset(token)


def label(event: WorkflowEvent) -> str:
    """What kind of right an entry is about, for a person."""
    return str(capfirst(event.content_type.model_class()._meta.get_field(event.field).verbose_name))


def _remember(instance, update_fields, **kwargs):
    """Keep what is stored, for when the person has been saved."""
    instance.rights_stored = None
    if update_fields is None or {*FLAGS, *NAMES, "password"} & set(update_fields):
        stored = User.objects.filter(pk=instance.pk).values(*FLAGS, *NAMES, "password").first()
        # Of a new person each right is given.
        instance.rights_stored = stored or {}


def _person_saved(instance, update_fields, **kwargs):
    stored = instance.rights_stored
    if stored is None:
        return
    events = []
    for name in (*NAMES, *FLAGS) if stored else FLAGS:
        old, new = stored.get(name), getattr(instance, name)
        if new != stored.get(name, False) and (update_fields is None or name in update_fields):
            field = User._meta.get_field(name)
            events.append(_event(instance, name, encode(field, old), encode(field, new)))
    changed = stored and stored["password"] != instance.password
    if changed and _logging_in.get() is not instance:
        events.append(_event(instance, "password", None, None))
    _record(events)


def _group_renamed(instance, update_fields, **kwargs):
    """Entries name groups, so a group of another name leaves one of its own."""
    old = Group.objects.filter(pk=instance.pk).values_list("name", flat=True).first()
    if old and old != instance.name and (update_fields is None or "name" in update_fields):
        _record([_event(instance, "name", old, instance.name)])


def _many_changed(sender, instance, action, reverse, pk_set, **kwargs):
    if action not in ("post_add", "pre_remove", "pre_clear"):
        return
    holder, name = MANY[sender]
    column, other = f"{holder._meta.model_name}_id", holder._meta.get_field(name).related_model
    other_column = f"{other._meta.model_name}_id"
    own, theirs = (other_column, column) if reverse else (column, other_column)
    rows = sender.objects.filter(**{own: instance.pk})
    if pk_set is not None:
        rows = rows.filter(**{f"{theirs}__in": pk_set})
    _record(_of_rows(rows, holder, other, name, given=action == "post_add"))


def _of_rows(rows, holder, other, name, *, given):
    """An entry for each person or group that these rows give something to, or did."""
    column, other_column = f"{holder._meta.model_name}_id", f"{other._meta.model_name}_id"
    found = {}
    for pk, what in rows.order_by("pk").values_list(column, other_column):
        found.setdefault(pk, []).append(what)
    holders = holder.objects.in_bulk(found)
    named = other.objects.filter(pk__in={pk for many in found.values() for pk in many})
    names = names_of(named)
    for pk, many in found.items():
        told = BETWEEN.join(sorted(names[what] for what in many))
        yield _event(holders[pk], name, *(("", told) if given else (told, "")))


def names_of(groups_or_permissions: QuerySet) -> dict[int, str]:
    """Groups or permissions by id, as entries name them."""
    if groups_or_permissions.model is Permission:
        rows = groups_or_permissions.values_list("pk", "content_type__app_label", "codename")
        return {pk: f"{app}.{codename}" for pk, app, codename in rows}
    return dict(groups_or_permissions.values_list("pk", "name"))


def _person_removed(instance, **kwargs):
    """Whoever is removed has no rights any more."""
    events = [
        event
        for through, (holder, name) in MANY.items()
        if holder is User
        for event in _lost(through, holder, name, user_id=instance.pk)
    ]
    flags = [name for name in FLAGS if getattr(instance, name)]
    events += [_event(instance, name, "1", None) for name in flags]
    _record(events)


def _group_removed(instance, **kwargs):
    """A group's members lose it, and it loses its permissions."""
    events = [*_lost(User.groups.through, User, "groups", group_id=instance.pk)]
    events += _lost(Group.permissions.through, Group, "permissions", group_id=instance.pk)
    _record(events)


def _permission_removed(instance, **kwargs):
    """Whoever had a permission loses it, also where it goes with its model."""
    lost = {"permission_id": instance.pk}
    events = [*_lost(User.user_permissions.through, User, "user_permissions", **lost)]
    events += _lost(Group.permissions.through, Group, "permissions", **lost)
    _record(events)


def _lost(through, holder, name, **where):
    rows = through.objects.filter(**where)
    other = holder._meta.get_field(name).related_model
    return _of_rows(rows, holder, other, name, given=False)


def _event(whom, field, old, new) -> WorkflowEvent:
    is_person = isinstance(whom, User)
    key = whom.get_username() if is_person else whom.name
    told = _("Person: %(name)s") if is_person else _("Group: %(name)s")
    actor, source = who()
    return WorkflowEvent(
        verb=Verb.RIGHTS_CHANGED,
        actor=actor,
        content_type=ContentType.objects.get_for_model(whom),
        object_id=whom.pk,
        record_key=key[:KEY_LENGTH],
        field=field,
        old=old,
        new=new,
        comment=told % {"name": person_name(whom) if is_person else key},
        origin=source.origin,
    )


def _record(events):
    history.record(list(events))
