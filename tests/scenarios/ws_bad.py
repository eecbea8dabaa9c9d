# SPDX-License-Identifier: Apache-2.0
"""WebSockets that break the rules, of RFC 6455 or of the route."""

import json
import struct

import harness
from harness import Order
from websocket import (BINARY, CLOSE, PING, PONG, TEXT, Client, close, frame)

METHOD = "/sluice.test.v1.Everyday/%s"
HELLO = json.dumps({"id": "hello"})

# (name, bytes, code of our Close)
VIOLATIONS = [
    ("not masked", frame(TEXT, HELLO, mask=False), 1002),
    ("a ping not masked", frame(PING, mask=False), 1002),
    ("RSV1", frame(TEXT, HELLO, rsv=4), 1002),
    ("RSV2", frame(TEXT, HELLO, rsv=2), 1002),
    ("RSV3", frame(TEXT, HELLO, rsv=1), 1002),
    ("RSV1 in a ping", frame(PING, rsv=4), 1002),
    *[("opcode %d" % n, frame(n, b"x"), 1002)
      for n in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
    ("opcode 3 within a message",
     frame(TEXT, "{", fin=False) + frame(3, b"x"), 1002),
    ("a ping in fragments", frame(PING, b"x", fin=False), 1002),
    ("a close in fragments", frame(CLOSE, b"\3\xe8", fin=False), 1002),
    ("a ping of 126 bytes", frame(PING, b"x" * 126), 1002),
    ("a length of 2^63", frame(BINARY, b"", length=1 << 63, width=8), 1002),
    ("a length of 2^64 - 1",
     frame(BINARY, b"", length=(1 << 64) - 1, width=8), 1002),
    ("125 in two bytes", frame(TEXT, "x" * 125, width=2), 1002),
    ("65535 in eight bytes", frame(TEXT, "x" * 65535, width=8), 1002),
    ("a length of 2^62", frame(BINARY, b"x", length=1 << 62, width=8), 1009),
    ("a header that announces 2^62, and nothing more",
     frame(BINARY, b"", length=1 << 62, width=8), 1009),
    ("a header without a mask, and nothing more", b"\x81\x05", 1002),
    ("a frame over the limit", frame(TEXT, b"x", length=100001), 1009),
    ("fragments over the limit",
     frame(BINARY, b"x" * 60000, fin=False)
     + frame(0, b"x" * 60000, fin=False), 1009),
    ("a continuation first", frame(0, "x"), 1002),
    ("a continuation after a whole message",
     frame(BINARY, b"") + frame(0, b""), 1002),
    ("a message within a message",
     frame(TEXT, "{", fin=False) + frame(TEXT, "}"), 1002),
    ("text that is not UTF-8", frame(TEXT, b'{"id": "\xff"}'), 1007),
    ("overlong UTF-8", frame(TEXT, b'{"id": "\xc0\xaf"}'), 1007),
    ("a surrogate", frame(TEXT, b'{"id": "\xed\xa0\x80"}'), 1007),
    ("beyond Unicode", frame(TEXT, b'{"id": "\xf4\x90\x80\x80"}'), 1007),
    ("a character that is cut off by the end",
     frame(TEXT, b'{"id": "a\xe2\x82'), 1007),
    ("a character that goes wrong in the next fragment",
     frame(TEXT, b'{"id": "\xe2', fin=False) + frame(0, b'("}'), 1007),
    *[("close with %d" % code, frame(CLOSE, struct.pack(">H", code)), 1002)
      for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)],
    ("close with half a code", frame(CLOSE, b"\3"), 1002),
    ("close with a reason that is not UTF-8",
     frame(CLOSE, b"\3\xe8\xff"), 1007),
    ("an HTTP request", harness.request("GET", "/v1/orders/1"), 1002),
]

# (name, target, messages, a word of the message)
BAD_INPUT = [
    ("not JSON", "Obey", ["{"], "message"),
    ("blank", "Obey", [" "], "message"),
    ("two values", "Obey", ["{} {}"], "message"),
    ("an unknown field", "Obey", ['{"idd": 1}'], "idd"),
    ("a wrong type", "Obey", ['{"count": "x"}'], "count"),
    ("101 deep", "Echo", ['{"value":' + "[" * 101], "100 nested"),
    ("broken protobuf", "Obey", [b"\x10\x01\x0a\x05a"],
     "id: broken wire format: a length that goes past the end, at byte 3"),
    ("protobuf cut within a number", "Obey", [b"\x10\x80"],
     "code: broken wire format: a varint that is cut short, at byte 1"),
    ("protobuf that is not UTF-8", "Obey", [b"\x0a\x01\xff"],
     "id: a text that is not UTF-8, at byte 2"),
    ("field number 0", "Obey", [b"\x02\x00"],
     "a tag that is none, at byte 0"),
    ("a group without an end", "Obey", [b"\x4b\x08\x01"],
     "a group that does not end"),
    ("broken protobuf deep inside", "Obey",
     [b"\x4a\x04\x22\x02\x10\x80"],
     "inner.inner.number: broken wire format: a varint that is cut short"),
    ("a second message, the first bad", "Obey", ["[]", "{}"], "message"),
]


class BadWebSocket(harness.Scenario):
    more = "limits: {max_request_message: 100000}\n"

    def setUp(self):
        self.forget()

    def open(self, target, *arguments, **more):
        return Client(self, target, *arguments, **more)

    def close_of(self, client, code):
        """Their Close comes, perhaps after responses, then their FIN."""
        while True:
            opcode, payload = client.frame()
            if opcode == CLOSE:
                break
        self.assertEqual(struct.unpack(">H", payload[:2])[0], code, payload)
        payload[2:].decode()
        client.wire.half_close()
        self.assertEqual(client.wire.to_end(), b"")

    def test_each_violation_closes_with_its_code(self):
        for name, data, code in VIOLATIONS:
            with self.subTest(name):
                self.close_of(
                    self.open("/v1/collections").send_raw(data), code)

    def test_violations_split_at_every_byte(self):
        for name, data, code in VIOLATIONS:
            if len(data) > 200:
                continue
            for cut in range(1, len(data)):
                with self.subTest(name, cut=cut):
                    client = self.open("/v1/collections", early=data[:cut])
                    self.close_of(client.send_raw(data[cut:]), code)

    def test_a_violation_cancels_the_call(self):
        for data, code in ((frame(3), 1002), (frame(TEXT, b"\xff"), 1007)):
            self.backend.entered.clear()
            self.backend.cancelled.clear()
            client = self.open("/v1/streams/s?hang=true")
            self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
            self.close_of(client.send_raw(data), code)
            self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))

    def test_a_violation_is_one_line_in_the_log(self):
        self.close_of(self.open(METHOD % "Converse").send_raw(frame(3)), 1002)
        self.gateway.wait_for(
            'status=101.*Everyday/Converse".*outcome="?websocket')

    def test_nothing_counts_after_the_client_has_closed(self):
        for tail in (frame(TEXT, HELLO), frame(3), close(1001), b"\xff" * 999,
                     harness.request("GET", "/v1/orders/1")):
            client = self.open(METHOD % "Converse")
            client.send_raw(close(4321, "enough") + tail)
            opcode, payload = client.frame()
            self.assertEqual((opcode, payload[:2]), (CLOSE, b"\x10\xe1"))
            self.assertEqual(client.wire.to_end(), b"")

    def test_nothing_counts_after_our_close_but_theirs(self):
        for tail in (frame(TEXT, HELLO), frame(PING, "p"),
                     frame(TEXT, "x" * 50000) * 4, frame(TEXT, "{", fin=False),
                     frame(TEXT, HELLO, mask=False), frame(3),
                     frame(BINARY, b"", length=1 << 63, width=8)):
            client = self.open("/v1/orders/1")
            client.json()
            opcode, payload = client.frame()
            self.assertEqual((opcode, payload[:2]), (CLOSE, b"\x03\xe8"))
            client.send_raw(tail + close(1000)).wire.half_close()
            self.assertEqual(client.wire.to_end(), b"")

    def test_a_close_within_a_message_ends_it(self):
        self.backend.calls.clear()
        client = self.open(METHOD % "Obey")
        client.send(HELLO[:5], fin=False).send_raw(close(1000))
        opcode, payload = client.frame()
        self.assertEqual((opcode, payload), (CLOSE, b"\x03\xe8"))
        self.assertEqual(client.wire.to_end(), b"")
        self.assertEqual(self.backend.calls, [])

    def test_control_frames_stand_between_the_bytes_of_a_message(self):
        text = json.dumps({"id": "\u20ac\U0001f600"},
                          ensure_ascii=False).encode()
        client = self.open(METHOD % "Converse")
        for i, byte in enumerate(text):
            client.send_raw(frame(0 if i else TEXT, bytes([byte]), fin=False)
                            + frame(PING, b"%d" % i) + frame(PONG, b"x" * 125))
            self.assertEqual(client.frame(), (PONG, b"%d" % i))
        client.send_raw(frame(0))
        self.assertEqual(client.json()["id"], "\u20ac\U0001f600")
        client.end().expect_close(1000)

    def test_a_message_of_empty_fragments_is_borne(self):
        client = self.open(METHOD % "Converse")
        client.send_raw(frame(TEXT, fin=False))
        for _ in range(50):
            client.send_raw(frame(0, fin=False) * 1000)
        client.send_raw(frame(0, HELLO))
        self.assertEqual(client.json()["id"], "hello")
        client.end().expect_close(1000)

    def test_what_comes_after_a_violation_is_not_looked_at(self):
        client = self.open("/v1/collections")
        client.send_raw(frame(3) + b"\xff" * 300000)
        self.close_of(client, 1002)

    def test_bad_input_is_a_status_and_4003(self):
        for name, method, messages, word in BAD_INPUT:
            with self.subTest(name):
                client = self.open(METHOD % method)
                for message in messages:
                    client.send(message)
                status = client.expect_status(3)
                self.assertIn(word, json.dumps(status))
                self.assertEqual(
                    status["details"][0]["@type"],
                    "type.googleapis.com/google.rpc.BadRequest")

    def test_bad_input_says_where(self):
        client = self.open(METHOD % "Echo").send('{\n"i32": 1.5}')
        status = client.expect_status(3)
        violation = status["details"][0]["fieldViolations"][0]
        self.assertEqual(violation["field"], "i32")
        self.assertIn("line 2", violation["description"])

    def test_bad_input_in_the_binary_form(self):
        client = self.open(METHOD % "Obey", "sluice.proto").send(b"\xff")
        client.expect_status(3)

    def test_bad_input_after_good_ends_a_stream(self):
        client = self.open(METHOD % "Converse").send({"id": "a"})
        self.assertEqual(client.json()["id"], "a")
        client.send("[]").expect_status(3)

    def test_a_message_too_many_is_refused(self):
        for first, target, second in (
                ({"hang": True}, METHOD % "Obey", {}),
                ({"hang": True}, METHOD % "Obey", b""),
                ({"id": "a", "hang": True}, "/v1/orders/1?hang=true", {})):
            client = self.open(target).send(first).send(second)
            client.expect_status(3, "message")

    def test_nothing_comes_after_the_end_of_requests(self):
        client = self.open(METHOD % "Stream").send(
            {"hang": True, "count": 1}).end()
        self.assertIn("metadata", client.json())
        client.end()  # once more does no harm
        client.send({}).expect_status(3, "second message")

    def test_errors_of_path_and_query_come_before_the_101(self):
        for target, status in (("/v1/orders/1?nope=1", 400),
                               ("/nowhere", 404), ("/v1/%zz", 400)):
            wire = self.wire()
            wire.send(harness.request("GET", target, headers=[
                ("Upgrade", "websocket"), ("Connection", "Upgrade"),
                ("Sec-WebSocket-Key", "MDEyMzQ1Njc4OWFiY2RlZg=="),
                ("Sec-WebSocket-Version", "13")]))
            response = wire.response()
            self.assertEqual(response.status, status)
            self.assertEqual(wire.to_end(), b"")

    def test_bad_metadata_is_4003(self):
        for text, word in (
                ("", None), ("{", "JSON"), ("[]", "object"),
                ('{"metadata": []}', "object"), ('{"meta": {}}', "meta"),
                ('{"metadata": {"a": 1}}', "string"),
                ('{"metadata": {"a": ["x", null]}}', "string"),
                ('{"metadata": {"a": {"b": "c"}}}', "string"),
                ('{"metadata": {"a-bin": "!!!"}}', "base64"),
                ('{"metadata": {"a": "caf\u00e9"}}', "printable ASCII"),
                ('{"metadata": {"a": "1", "a": "2"}}', "twice"),
                ('{"timeout": 5}', "seconds"), ('{"timeout": "s"}', "seconds"),
                ('{"timeout": "-1s"}', "seconds"),
                ("[" * 10000, "deep")):
            with self.subTest(text[:40]):
                client = self.open(
                    "/v1/orders/1", "sluice.json+metadata").send(text)
                if word is None:
                    client.json()
                    client.expect_close(1000)
                    continue
                client.expect_status(3, word)

    def test_metadata_has_its_form_and_limit(self):
        client = self.open("/v1/orders/1", "sluice.json+metadata")
        self.close_of(client.send(b"{}"), 1003)
        client = self.open("/v1/orders/1", "sluice.json+metadata")
        self.close_of(client.send({"metadata": {"a": "x" * 20000}}), 1009)

    def test_others_go_on(self):
        other = self.open(METHOD % "Converse")
        for _, data, code in VIOLATIONS:
            self.close_of(self.open("/v1/collections").send_raw(data), code)
            other.send({"id": "still"})
            self.assertEqual(other.json()["id"], "still")
        other.end().expect_close(1000)


if __name__ == "__main__":
    harness.main()
