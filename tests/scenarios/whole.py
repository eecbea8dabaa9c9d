# SPDX-License-Identifier: Apache-2.0
"""The bytes of one whole request in each form of forms.py, as (name, bytes)."""

import forms
from forms import DOWNLOADS, UNARY, UPLOADS
from websocket import handshake


class Recorder:
    """A case and its connection in one: keeps what would be sent."""

    def __init__(self):
        self.sent = b""

    def wire(self, port):
        return self

    def send(self, data):
        self.sent += data.encode() if isinstance(data, str) else data
        return self


def head_of(form):
    if isinstance(form, forms.SocketUpload):
        return handshake(form.target, [("Sec-WebSocket-Protocol", form.type)])
    return form.open(Recorder()).sent


def upload(form):
    """Two requests, and their end."""
    form.first = True
    return head_of(form) + form.message("one") + form.message("two") + \
        form.end()


def unary():
    for name, data in UNARY.items():
        yield "unary %s" % name, data


def downloads():
    for form in DOWNLOADS:
        if isinstance(form, forms.Socket):
            yield "responses %s" % form, handshake(form.target, [
                ("Sec-WebSocket-Protocol", form.protocol)])
        else:
            yield "responses %s" % form, form.request()


def uploads():
    for form in UPLOADS:
        yield "requests %s" % form, upload(form)


def requests():
    return [*unary(), *downloads(), *uploads()]


def is_socket(data):
    return b"Upgrade: websocket" in data
