"""What is wrong with what people were told, by itself and against what is stored."""

import re

from .findings import DECIDED, ENDINGS

# How somebody who came too late is told who was faster, and when.
TOLD = re.compile(
    r"(?:Already approved by|Already rejected by|A change was requested already by"
    r"|now stands at: [^()]*\([A-Z][a-z ]*? by) ([\w ]+?) at "
    r"(\d\d/\d\d/\d{4} (?:\d\d?(?::\d\d)? [ap]\.m\.|noon|midnight))"  # so are full hours written
)
SAVED = "Saved: "
# Every answer that somebody who edits may get.
EDITED = (
    SAVED,
    "Needs approval: ",
    "saved this customer while you were typing",
    "Nothing was changed",
    "another value is pending approval",
    "Already proposed with this value",
)


def failures(answers):
    """Answers that are errors of the program."""
    for answer in answers:
        if answer["status"] not in (200, 302) or answer["error"]:
            yield f"{answer['name']}: {answer['status']} {answer['error'][-3000:]}"


def as_told(r, stored):
    """Who was told that it is done, did it; who was too late was told by whom."""
    keys = {proposal.record_key for proposal in r.proposals}
    events = [event for key in keys for event in stored.history[key]]
    saves = {(e.actor_id, e.at) for e in events if e.verb == "changed"}
    told = sum(SAVED in answer["text"] for answer in r.answers_of("edit"))
    if told != len(saves):
        yield f"{told} were told that something is saved, {len(saves)} have"
    votes = sum(e.verb in DECIDED.values() for e in events)
    answers = r.answers_of(*DECIDED)
    if sum(map(_votes_told, answers)) != votes:
        yield f"{[_votes_told(answer) for answer in answers]} decisions told, {votes} are there"
    names = {e.actor.get_full_name() for e in events if e.verb in (*DECIDED.values(), *ENDINGS)}
    names |= {"Adam"}
    for answer in r.answers_of(*DECIDED, "recall", "terminate"):
        yield from _loser(answer, names)
    for answer in r.answers_of("edit"):
        if not answer["error"] and not any(text in answer["text"] for text in EDITED):
            yield f"an edit was answered: {answer['text'][:3000]}"


def _votes_told(answer):
    many = re.search(r"(\d+) decided", answer["text"])
    if many:
        return int(many[1])
    return bool(re.search(r": (Approved|Rejected|Change requested)", answer["text"]))


def _loser(answer, names):
    text = answer["text"]
    done = "have been recalled." in text or "has been terminated." in text or _votes_told(answer)
    found = TOLD.findall(text)
    if not done and not any(name in names for name, _at in found):
        yield f"{answer['who']} could not {answer['name']} and read: {text[:3000]}"
