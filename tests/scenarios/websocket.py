# SPDX-License-Identifier: Apache-2.0
"""A WebSocket client that can do wrong: every frame byte for byte.

What a scenario sends is right unless it says otherwise: frames are masked,
lengths are as short as they can be.
"""

import base64
import hashlib
import json
import struct

import harness

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
KEY = base64.b64encode(b"0123456789abcdef").decode()
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MASK = b"\x11\x22\x33\x44"
STATUS = "type.googleapis.com/google.rpc.Status"


def accept(key):
    return base64.b64encode(
        hashlib.sha1((key + GUID).encode()).digest()).decode()


def masked(payload, mask=MASK):
    whole = mask * (len(payload) // 4 + 1)
    return (int.from_bytes(payload, "big") ^ int.from_bytes(
        whole[:len(payload)], "big")).to_bytes(len(payload), "big")


def frame(opcode, payload=b"", fin=True, rsv=0, mask=True, length=None,
          width=None):
    """One frame; length and width are what its header claims."""
    if isinstance(payload, str):
        payload = payload.encode()
    n = len(payload) if length is None else length
    if width is None:
        width = 0 if n < 126 else 2 if n < 1 << 16 else 8
    head = bytes([fin << 7 | rsv << 4 | opcode,
                  mask << 7 | (n if width == 0 else 126 if width == 2
                               else 127)])
    if width:
        head += n.to_bytes(width, "big")
    return head + (MASK + masked(payload) if mask else payload)


def close(code=None, reason=""):
    if code is None:
        return frame(CLOSE)
    return frame(CLOSE, struct.pack(">H", code) + reason.encode())


def handshake(target, headers=(), host="localhost"):
    return harness.request("GET", target, headers=[
        ("Upgrade", "websocket"), ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Version", "13"),
        *headers], host=host)


class Client:
    """An open WebSocket."""

    def __init__(self, test, target, protocol=None, headers=(), early=b"",
                 port=None, receive_buffer=None):
        self.test = test
        if protocol is not None:
            headers = [*headers, ("Sec-WebSocket-Protocol", protocol)]
        self.wire = test.wire(port)
        if receive_buffer is not None:
            self.wire.socket.setsockopt(1, 8, receive_buffer)  # SO_RCVBUF
        self.wire.send(handshake(target, headers) + early)
        head = self.wire.read_until(b"\r\n\r\n").decode()
        lines = head.split("\r\n")
        test.assertTrue(lines[0].startswith("HTTP/1.1 101 "), head)
        self.headers = {l.split(":", 1)[0].lower(): l.split(":", 1)[1].strip()
                        for l in lines[1:] if l}
        test.assertEqual(self.headers["sec-websocket-accept"], accept(KEY))

    def send(self, message, **how):
        """A dict is JSON, bytes are binary."""
        if isinstance(message, dict):
            message = json.dumps(message)
        opcode = TEXT if isinstance(message, str) else BINARY
        self.wire.send(frame(opcode, message, **how))
        return self

    def send_raw(self, data):
        self.wire.send(data)
        return self

    def end(self):
        return self.send("")

    def frame(self):
        """The next one: (opcode, payload). The server's are whole, unmasked."""
        first, second = self.wire.read_exactly(2)
        self.test.assertEqual(first & 0x70, 0)
        self.test.assertEqual(first & 0x80, 0x80)
        self.test.assertEqual(second & 0x80, 0)
        n = second & 0x7f
        if n == 126:
            n = int.from_bytes(self.wire.read_exactly(2), "big")
            self.test.assertGreater(n, 125)
        elif n == 127:
            n = int.from_bytes(self.wire.read_exactly(8), "big")
            self.test.assertGreater(n, 65535)
        return first & 0xf, self.wire.read_exactly(n)

    def json(self):
        opcode, payload = self.frame()
        self.test.assertEqual(opcode, TEXT, payload)
        return json.loads(payload)

    def binary(self, message_class):
        opcode, payload = self.frame()
        self.test.assertEqual(opcode, BINARY, payload)
        return message_class.FromString(payload)

    def expect_close(self, code, reason=None):
        """Its Close, our answer, the end of the connection."""
        opcode, payload = self.frame()
        self.test.assertEqual(opcode, CLOSE, payload)
        self.test.assertEqual(struct.unpack(">H", payload[:2])[0], code,
                              payload)
        text = payload[2:].decode()
        if reason is not None:
            self.test.assertIn(reason, text)
        self.send_raw(close(code))
        self.test.assertEqual(self.wire.to_end(), b"")
        return text

    def expect_status(self, code, message=None, close_code=None):
        status = self.json()
        self.test.assertEqual(status["@type"], STATUS)
        self.test.assertEqual(status["code"], code, status)
        if message is not None:
            self.test.assertIn(message, status["message"])
        self.expect_close(close_code or 4000 + code)
        return status
