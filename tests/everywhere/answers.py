"""What an address answers, in two letters."""

from django.db import transaction

from .addresses import url_of

# A page; on to another page; to the login page; refused; not there; not so; not understood.
WORDS = {200: "ok", 302: "go", 403: "no", 404: "nf", 405: "xx", 400: "bad"}
# Sent by each POST: an action that is asked for and confirmed, as far as it needs nothing else.
FORM = {
    "post": "yes",
    "confirm": "1",
    "action": "approve",
    "comment": "Tried",
    "reason": "Tried",
    "decimal_separator": ".",
}


def answer(client, method, address, scene, someone) -> str:
    """Ask as a person, or as nobody; what was done by it is undone."""
    with transaction.atomic():
        url = url_of(address, scene)
        if someone and not client.session.get("_auth_user_id"):
            client.force_login(someone)
        response = client.get(url) if method == "GET" else client.post(url, FORM)
        transaction.set_rollback(True)
    if response.status_code == 302 and "/login/?next=" in response.url:
        return "in"
    return WORDS[response.status_code]
