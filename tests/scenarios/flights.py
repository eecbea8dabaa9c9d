# SPDX-License-Identifier: Apache-2.0
"""Requests that are under way while something happens to their backend, in
each form of forms.py; and how each of them ended.

A flight takes steps: it opens, says something, hears something, has said all.
land() reads what is left of its answer and returns the code of gRPC that it
ended with, 0 if well, None if it broke in a form that has no word for why. It
fails if that is not a whole answer of that form, told exactly once.
"""

import copy
import json

import forms
import websocket
from forms import BOTH_WAYS, CONNECT_CODES, DOWNLOADS, UNARY, UPLOADS

CODES = {name: code for code, name in CONNECT_CODES.items()}
HTTP_STATUSES = {4: (504,), 14: (502, 503)}


def with_lines(data, lines):
    """A request with more headers."""
    first, rest = data.split(b"\r\n", 1)
    return first + b"\r\n" + lines + rest


def in_time(data, ms):
    """A request with a deadline."""
    return with_lines(data, b"Grpc-Timeout: %dm\r\nConnect-Timeout-Ms: %d\r\n"
                      % (ms, ms))


def of_error(case, response):
    """The code of an answer that says by HTTP that it failed."""
    code = response.json()["code"]
    code = CODES.get(code, code)
    case.assertIn(response.status, HTTP_STATUSES[code], response)
    return code


def of_http(case, wire, form):
    """form reads a stream of responses; None: one response."""
    response = wire.response()
    case.assertIsNotNone(response, "closed without an answer")
    if response.status != 200:
        code = of_error(case, response)
    elif form is None:
        case.assertTrue(response.is_complete, response)
        code = 0
    else:
        code = of_stream(case, response, form)
    if response.is_complete:
        nothing_more(case, wire)
    return code


def of_stream(case, response, form):
    text, status = form.read(case, response.body)
    case.assertEqual(text.replace("done", ""), "")
    if not response.is_complete:
        case.assertTrue(form.breaks, response)
        return None if status is None else status["code"]
    if status is None:
        return 0
    case.assertFalse(form.breaks, response)
    return status["code"]


def nothing_more(case, wire):
    """The answer was one: behind it comes that of the next request, or an
    end."""
    case.assertEqual(wire.buffer, b"")
    wire.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    response = wire.response()
    if response is not None:
        case.assertEqual(response.json(), {"status": "SERVING"}, response)


def of_socket(case, client):
    """The messages of a WebSocket up to its Close."""
    values = []
    while True:
        opcode, payload = client.frame()
        if opcode == websocket.CLOSE:
            break
        values.append((opcode, payload))
    code = int.from_bytes(payload[:2], "big")
    client.send_raw(websocket.close(code))
    case.assertEqual(client.wire.to_end(), b"")
    if code == 1000:
        return 0
    status = json.loads(values[-1][1])
    case.assertEqual((status["@type"], status["code"] + 4000),
                     (forms.STATUS, code))
    return status["code"]


class Unary:
    def __init__(self, name):
        self.name = "unary " + name
        self.data = UNARY[name]
        self.reader = forms.GrpcWeb("", "") if name == "gRPC-Web" else None

    def open(self, case, ms):
        self.wire = case.wire().send(in_time(self.data, ms))

    def step(self):
        pass

    def land(self, case):
        return of_http(case, self.wire, self.reader)


class UnarySocket(Unary):
    def open(self, case, ms):
        self.client = websocket.Client(
            case, "/v1/orders/1", headers=[("Grpc-Timeout", "%dm" % ms)])
        self.wire = self.client.wire

    def land(self, case):
        return of_socket(case, self.client)


class Download:
    def __init__(self, form):
        self.form = form
        self.name = "responses %s" % form

    def open(self, case, ms):
        self.stream = self.form.open(case, **self.form.ways_to_limit(ms)[0])
        self.wire = self.stream.wire

    def step(self):
        pass

    def land(self, case):
        if isinstance(self.form, forms.Socket):
            return of_socket(case, self.stream.client)
        return of_http(case, self.wire, self.form)


class Upload:
    reader = None
    headers = ()

    def __init__(self, form):
        self.form = copy.copy(form)     # it knows how far its stream is
        self.name = "requests %s" % form
        if isinstance(form, forms.WebUpload):
            self.reader = form.reader

    def open(self, case, ms):
        self.wire = self.form.open(
            case, headers=[*self.form.limit(ms), *self.headers])
        self.left = 3

    def step(self):
        """Two messages, the end, and then nothing more."""
        self.left -= 1
        if self.left > 0:
            self.wire.send(self.form.message("x"))
        elif self.left == 0:
            self.wire.send(self.form.end())

    def land(self, case):
        if isinstance(self.form, forms.SocketUpload):
            return of_socket(case, self.form.client)
        return of_http(case, self.wire, self.reader)


class Conversation(Upload):
    def __init__(self, upload, download, headers):
        super().__init__(upload)
        self.name = "both ways %s" % upload
        self.reader = download
        self.headers = headers


def all_forms():
    """One flight of each."""
    return [*(Unary(name) for name in UNARY if name != "WebSocket"),
            UnarySocket("WebSocket"),
            *(Download(form) for form in DOWNLOADS),
            *(Upload(form) for form in UPLOADS),
            *(Conversation(*forms) for forms in BOTH_WAYS)]
