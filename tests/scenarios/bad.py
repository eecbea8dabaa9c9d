# SPDX-License-Identifier: Apache-2.0
"""What the scenarios of bad backends share: a gateway before a backend of raw
frames, and scripts made of steps."""

import tempfile

import harness
import http2
from harness import Answer, request
from http2 import HEAD, STATUS_OK, message

ORDER = "/v1/orders/%s"
ECHO = "/v1/echo/%s"
STREAM = "/v1/streams/%s"


class BadBackend(harness.Scenario):
    """A gateway with one connection to a backend that follows `scripts`."""

    workers = 1
    scripts = {}

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.backend = http2.Backend(cls.scripts)
        cls.gateway = cls.start(cls.backend.port)

    def own(self, scripts, *openings):
        """A backend and a gateway of the test's own."""
        self.backend = http2.Backend(scripts, *openings)
        self.addCleanup(self.backend.stop)
        self.gateway = self.start(self.backend.port)
        self.addCleanup(self.stopped, self.gateway)

    def stopped(self, gateway):
        self.assertEqual(gateway.stop(), 0)

    def begin(self, id, path=ORDER, headers=()):
        return self.wire().send(request("GET", path % id, headers=headers))

    def call(self, id, path=ORDER, headers=()):
        return self.ask("GET", path % id, headers=headers)

    def good(self):
        response = self.call("good")
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.json()["id"], "good")
        return response.json().get("index", 0)

    def bad(self, id, status, code, path=ORDER, headers=(),
            is_new_connection=False):
        """One bad call between two good ones."""
        before = self.good()
        error = self.assert_error(
            self.call(id, path, headers), status, code)
        self.assertEqual(self.good(), before + is_new_connection)
        return error


# A script is made of steps: what a correct answer would be, but for one thing.

def plays(*steps):
    """Each step is a function(connection, stream)."""
    def script(c, stream, times):
        for step in steps:
            step(c, stream)
    return script


def head(*fields, end=False):
    return lambda c, stream: c.head(stream, *(fields or HEAD), end=end)


def trailers(*fields):
    return lambda c, stream: c.head(stream, *(fields or STATUS_OK), end=True)


def data(*pieces, end=False):
    def step(c, stream):
        for i, piece in enumerate(pieces):
            c.data(stream, piece, end and i == len(pieces) - 1)
    return step


def reset(code):
    return lambda c, stream: c.reset(stream, code)


def send(type, flags, payload=b"", **more):
    return lambda c, stream: c.send(type, flags, stream, payload, **more)


def gone(c, stream):
    raise http2.Gone


def hold(c, stream):
    """Reads until the gateway hangs up."""
    while True:
        c.read_frame()


GOOD = Answer(id="good").SerializeToString()
HALF = message(GOOD)[:7]
INFORMATIONAL = ((":status", "103"), ("link", "</a>"))

# Answers that are bad in whatever form a client gets them, by their ids.
ANSWERS = {
    "none": plays(head(), trailers()),
    "two": plays(head(), data(message(GOOD), message(GOOD)), trailers()),
    "cut": plays(head(), data(message(GOOD), HALF), gone),
    "html": plays(head((":status", "503"), ("content-type", "text/html"),
                       end=True)),
    "404": plays(head((":status", "404"), ("content-type", "text/plain"),
                      end=True)),
}
