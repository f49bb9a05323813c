"""How forgeries are put together."""

from functools import wraps


def followed_by(deed):
    """A decorator: what is decorated is done first, then `deed`; both take the stage."""

    def decorate(first):
        @wraps(first)
        def forgery(stage):
            first(stage)
            deed(stage)

        return forgery

    return decorate
