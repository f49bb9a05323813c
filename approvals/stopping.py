"""Programs that are told to stop finish first what they have begun."""

import contextlib
import signal
import threading


@contextlib.contextmanager
def stopped_by_signals(stopping: threading.Event):
    """Set the event at SIGTERM and Ctrl-C; only in the main thread, whose signals they are."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stopping.set()) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
