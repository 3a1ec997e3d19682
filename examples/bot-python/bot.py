"""A chat bot that answers whoever mentions it. It needs the standard library only.

It listens where BOT_LISTEN says and believes what is signed with BOT_SECURITY_TOKEN, as CreateBot shows it:

    BOT_SECURITY_TOKEN=... BOT_LISTEN=127.0.0.1:8080 python3 examples/bot-python/bot.py

Then give its address to PutEventsConfiguration and add the bot to a room with CreateRoomMembership. In production put it
behind TLS.
"""

import base64
import collections
import datetime
import hashlib
import hmac
import http.server
import json
import os
import sys
import threading
import urllib.error
import urllib.request

# How old a request may be, so that one which was overheard cannot be sent again later.
MAX_AGE = datetime.timedelta(minutes=5)
MAX_BODY = 1 << 20


def is_signed(token, timestamp, signature, body):
    """Whether a body comes from the server and is fresh."""
    try:
        at = datetime.datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
        given = base64.b64decode(signature, validate=True)
        age = abs(datetime.datetime.now(datetime.timezone.utc) - at)
    except (ValueError, TypeError):
        return False
    expected = hmac.new(token.encode(), timestamp.encode() + b"|" + body, hashlib.sha256).digest()
    return age <= MAX_AGE and hmac.compare_digest(given, expected)


def reply(event):
    """Say something in the room. The URL is good for two minutes."""
    said = " ".join(event["Message"].split())
    request = urllib.request.Request(
        event["InboundHttpsEndpoint"]["Url"],
        json.dumps({"Content": "You said: " + said}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except urllib.error.HTTPError as error:
        print("the reply was refused:", error.code, file=sys.stderr)
    except OSError:
        print("the reply was lost", file=sys.stderr)


class Bot(http.server.BaseHTTPRequestHandler):
    token = ""
    done = collections.OrderedDict()  # the ids of the latest events, as an event may come twice
    lock = threading.Lock()

    def do_POST(self):
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            return self.answer(411)
        if not 0 <= length <= MAX_BODY:
            return self.answer(413)
        body = self.rfile.read(length)
        if not is_signed(self.token, self.headers.get("Chime-Request-Timestamp", ""), self.headers.get("Chime-Signature", ""), body):
            return self.answer(403)
        event = json.loads(body)
        if event["EventType"] == "HTTPSEndpointVerification":
            return self.answer(200, {"Challenge": event["Challenge"]})
        self.answer(200)
        if event["EventType"] == "Mention" and self.is_first(self.headers.get("Carillon-Event-Id")):
            reply(event)

    def is_first(self, event_id):
        """Whether the event has not come before."""
        with self.lock:
            if event_id in self.done:
                return False
            self.done[event_id] = True
            if len(self.done) > 1000:
                self.done.popitem(last=False)
            return True

    def answer(self, status, content=None):
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Nothing: a line for each request is of no use here."""


def main():
    Bot.token = os.environ.get("BOT_SECURITY_TOKEN", "")
    if not Bot.token:
        sys.exit("BOT_SECURITY_TOKEN is empty; it is what CreateBot shows as SecurityToken")
    host, port = os.environ["BOT_LISTEN"].rsplit(":", 1)
    server = http.server.ThreadingHTTPServer((host, int(port)), Bot)
    print("listening on http://%s:%d/" % server.server_address[:2], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
