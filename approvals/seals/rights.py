"""Whether people and groups have the rights that the history gave them, and no others."""

from collections import Counter, defaultdict

from django.contrib.auth.models import Group, User
from django.utils.translation import gettext as _

from ..models import Verb, WorkflowEvent
from ..rights import BETWEEN, FLAGS, MANY, NAMES, names_of
from ..roles import roles
from ..values import encode
from .reading import content_type_of, odd_truths

OFF = encode(None, False)


def follow(report, using="default") -> None:
    """Look at every right, entry by entry, up to what is stored; tells what does not follow."""
    replay = _Replay(report, dict(_keys(using)))
    kinds = {content_type_of(model, using): model for model in (User, Group)}
    entries = WorkflowEvent.objects.using(using).filter(verb=Verb.RIGHTS_CHANGED).order_by("pk")
    columns = "content_type", "object_id", "record_key", "field", "old", "new"
    for kind, *row in entries.values_list(*columns):
        replay.tell(kinds.get(kind), *row)
    replay.end(_stored(using))
    for name in odd_truths(User.objects.using(using)).values_list("username", flat=True):
        report.find(_("Rights of %(whom)s: one that is neither given nor not.") % {"whom": name})


def _keys(using):
    """What people and groups are called now: (model, id) -> name."""
    for model, name in ((User, "username"), (Group, "name")):
        for pk, key in model.objects.using(using).values_list("pk", name):
            yield (model, pk), key


def _stored(using):
    """Each right that somebody has: (model, id, which) -> its names, or that it is given."""
    found = defaultdict(Counter)
    for pk, *given in User.objects.using(using).values_list("pk", *FLAGS):
        for name, on in zip(FLAGS, given, strict=True):
            found[User, pk, name] = _flag(encode(None, on))
    for through, (holder, name) in MANY.items():
        other = holder._meta.get_field(name).related_model
        columns = f"{holder._meta.model_name}_id", f"{other._meta.model_name}_id"
        names = names_of(other.objects.using(using))
        for pk, which in through.objects.using(using).values_list(*columns):
            found[holder, pk, name] += _parts(names[which])
    return found


def _parts(told):
    """The names that an entry tells. One may itself hold what stands between two of them."""
    return Counter(told.split(BETWEEN)) if told else Counter()


def _flag(told):
    return Counter() if told in (None, OFF) else Counter([told])


class _Replay:
    """The entries about rights, told again."""

    def __init__(self, report, keys):
        """keys: what people and groups are called now; those that are gone, as entries do."""
        self.report, self.keys = report, keys
        self.has = defaultdict(Counter)
        self.called = defaultdict(set)

    def tell(self, model, pk, key, field, old, new):
        """Go on by one entry: what it takes was there, and what it gives was not."""
        self.keys.setdefault((model, pk), key)
        self.called[model, pk].add(key)
        if field == "name":
            self.called[model, pk].add(old)
            self._rename(_parts(old), _parts(new))
        elif field not in (*NAMES, "password"):
            read = _flag if field in FLAGS else _parts
            lost, given = read(old), read(new)
            has = self.has[model, pk, field]
            self._compare((model, pk, field), has & (lost | given), lost)
            self.has[model, pk, field] = has - lost | given

    def _rename(self, old, new):
        """Members of a group are in one of another name; entries name groups."""
        for (_model, _pk, field), has in self.has.items():
            if field == "groups" and old <= has:
                has.subtract(old)
                has.update(new)

    def end(self, stored):
        """Compare with what there is."""
        for right in {**self.has, **stored}:
            self._compare(right, self.has[right], stored[right], self._standard(*right))

    def _standard(self, model, pk, field):
        """What `migrate` gives a group without an entry, by any name that it had."""
        if model is not Group:
            return set()
        names = {*self.called[model, pk], self.keys.get((model, pk))}
        return {right for name, given in roles().items() if name in names for right in given}

    def _compare(self, right, expected, found, unsaid=frozenset()):
        missing, more = set(expected - found) - unsaid, set(found - expected) - unsaid
        if missing or more:
            model, pk, field = right
            text = _(
                "Rights of %(whom)s, %(what)s: the history says %(said)s, but there is %(is)s."
            )
            whom = self.keys.get((model, pk), pk)
            told = {"said": _in_words(missing), "is": _in_words(more)}
            self.report.find(text % {"whom": whom, "what": field, **told})


def _in_words(names):
    return repr(BETWEEN.join(sorted(names)))
