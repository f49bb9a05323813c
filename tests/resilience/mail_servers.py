"""Mail servers that fail: they speak just enough SMTP, on loopback."""

import socketserver
import threading
from contextlib import contextmanager


class Server(socketserver.ThreadingTCPServer):
    """A mail server; it keeps what it took, by the recipient and the Message-ID."""

    allow_reuse_address = daemon_threads = True
    block_on_close = False

    def __init__(self, manner):
        """manner: how a conversation with it goes wrong; see Conversation."""
        super().__init__(("127.0.0.1", 0), Conversation)
        self.manner, self.taken, self.asked = manner, [], 0


class Conversation(socketserver.StreamRequestHandler):
    """One client's, until somebody hangs up.

    The manner of the server: "" takes all; "refuses" says no at once; "hangs" says nothing;
    "refuses messages" says no to each; "hangs up" in the middle of a message, unread; "takes
    half" of the messages; "takes and hangs up": the client never hears that it was taken.
    """

    def handle(self):
        """Speak as the server's manner wants it."""
        server = self.server
        if server.manner == "hangs":
            self.rfile.read()
            return
        if server.manner == "refuses":
            self.say("554 No service here")
            return
        self.say("220 Ready")
        self.to = ""
        for line in iter(self.rfile.readline, b""):
            if not self.answer(line.decode().strip()):
                return

    def answer(self, line):
        """Answer one command; False to hang up."""
        command = line.upper()
        if command == "DATA":
            return self.take()
        if command.startswith("RCPT TO"):
            self.to = line.partition("<")[2].partition(">")[0]
            self.server.asked += 1
            if self.server.manner == "takes half" and self.server.asked % 2:
                return self.say("450 Mailbox busy, try again")
        return self.say("250 Very well") and command != "QUIT"

    def take(self):
        """Take a message, or not."""
        if self.server.manner == "hangs up":
            return False
        self.say("354 Go on")
        lines = list(iter(self.rfile.readline, b".\r\n"))
        if self.server.manner == "refuses messages":
            return self.say("554 Not this one")
        [message_id] = [line for line in lines if line.lower().startswith(b"message-id:")]
        self.server.taken.append((self.to, message_id.decode().split()[1]))
        if self.server.manner == "takes and hangs up":
            return False
        return self.say("250 Taken")

    def say(self, text):
        """Send a line."""
        self.wfile.write(text.encode() + b"\r\n")
        return True


@contextmanager
def mail_server(settings, manner):
    """A mail server of this manner, that the program is set to use; it can change its manner."""
    with Server(manner) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_USE_TLS = False
        try:
            yield server
        finally:
            server.shutdown()
