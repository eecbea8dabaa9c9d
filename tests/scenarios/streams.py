# SPDX-License-Identifier: Apache-2.0
"""Server streams in each of their forms: lines, an array, events."""

import json
import re
import threading

import grpc

import harness
from harness import request

STATUS = "type.googleapis.com/google.rpc.Status"
NDJSON = "application/x-ndjson"
ARRAY = "application/json"
SSE = "text/event-stream"
TYPES = {NDJSON: NDJSON, ARRAY: ARRAY, SSE: SSE + "; charset=utf-8"}


class Backend(harness.Backend):
    """Sends a message when it is told to, if the order's message says so."""

    def __init__(self, *arguments, **options):
        self.may_send = threading.Semaphore(0)
        super().__init__(*arguments, **options)

    def stream(self, order, context):
        if order.message != "step":
            yield from super().stream(order, context)
            return
        may_send = self.may_send
        self._watch(context)
        self.entered.set()
        if order.tags:
            context.send_initial_metadata(
                [tuple(tag.split("=")) for tag in order.tags])
        for i in range(order.count):
            if not may_send.acquire(timeout=harness.PATIENCE):
                return
            yield self._answer(order, context, i)
        if order.code:
            may_send.acquire(timeout=harness.PATIENCE)
            context.abort(next(c for c in grpc.StatusCode
                               if c.value[0] == order.code), "späte Größe\n")


class Events:
    """What an EventSource would make of a body."""

    def __init__(self, body):
        self.events = []
        for block in body.decode().split("\n\n")[:-1]:
            fields = {}
            for line in block.split("\n"):
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
            if "data" in fields:
                self.events.append((fields.get("event", "message"),
                                    json.loads(fields["data"])))


def messages(accept, body):
    """The messages, and the Status at the end or None."""
    if accept == NDJSON:
        got = [json.loads(line) for line in body.splitlines()]
    elif accept == ARRAY:
        got = json.loads(body)
    else:
        got = [data for _, data in Events(body).events]
        for kind, data in Events(body).events:
            assert (kind == "error") == (data.get("@type") == STATUS), body
    if got and got[-1].get("@type") == STATUS:
        return got[:-1], got[-1]
    return got, None


class Streams(harness.Scenario):
    backend_type = Backend

    def setUp(self):
        # What the last test left waiting takes no leave from this one.
        self.backend.may_send = threading.Semaphore(0)
        self.forget()

    def watch(self, query, accept, headers=(), gateway=None):
        return self.wire(gateway and gateway.port).send(request(
            "GET", "/v1/streams/s?" + query,
            headers=[("Accept", accept), *headers]))

    def rest(self, wire):
        """What is left of a body, and whether HTTP ends well."""
        body, last = b"", wire.chunk()
        while last:
            body, last = body + last, wire.chunk()
        return body, last is not None

    def own(self, more):
        gateway = self.start(self.backend.port, more)
        self.addCleanup(lambda: gateway.process.poll() is None
                        and gateway.process.kill())
        return gateway

    # ---- Forms

    def test_the_bytes_of_each_form(self):
        for accept, body in (
                (NDJSON, b'{"id":"s"}\n{"id":"s","index":1}\n'),
                (ARRAY, b'[{"id":"s"},{"id":"s","index":1}]'),
                (SSE, b'data: {"id":"s"}\n\ndata: {"id":"s","index":1}\n\n')):
            response = self.watch("count=2", accept).response()
            # Less what the gateway adds to every call.
            self.assertEqual(re.sub(
                rb',"metadata":{[^}]*}', b"", response.body), body)
            self.assertTrue(response.is_complete)
            self.assertEqual(response.header("content-type"), TYPES[accept])

    def test_an_empty_stream(self):
        for accept, body in ((NDJSON, b""), (ARRAY, b"[]"), (SSE, b"")):
            response = self.watch("count=0", accept).response()
            self.assertEqual(response.status, 200)
            self.assertEqual(response.header("content-type"), TYPES[accept])
            self.assertEqual(response.body, body)
            self.assertTrue(response.is_complete)

    def test_Accept_chooses_the_form(self):
        for accept, form in (
                ("*/*", NDJSON), ("text/html", NDJSON),
                ("text/event-stream;q=0.5, application/json", ARRAY),
                ("text/event-stream;q=0.8, application/json;q=0.7", SSE)):
            response = self.watch("count=1", accept).response()
            self.assertEqual(response.header("content-type"), TYPES[form])
            self.assertEqual(response.header("vary"), "Accept")
        response = self.ask("GET", "/v1/streams/s")
        self.assertEqual(response.header("content-type"), NDJSON)

    def test_Accept_may_have_several_lines(self):
        for more, form in ((("text/html",), SSE),
                           ((ARRAY, "text/html"), SSE),
                           (("", "application/json;q=2"), SSE)):
            response = self.watch("count=1", SSE, [
                ("Accept", line) for line in more]).response()
            self.assertEqual(response.header("content-type"), TYPES[form])

    def test_events_are_not_to_be_kept_or_gathered(self):
        response = self.watch("count=1", SSE).response()
        self.assertEqual(response.header("cache-control"), "no-cache")
        self.assertEqual(response.header("x-accel-buffering"), "no")
        response = self.watch("count=1", NDJSON).response()
        self.assertIsNone(response.header("cache-control"))

    def test_a_message_is_seen_before_the_next_is_sent(self):
        for accept in TYPES:
            wire = self.watch("count=3&message=step", accept)
            for i in range(3):
                self.backend.may_send.release()
                if i == 0:
                    wire.read_until(b"\r\n\r\n")
                piece = wire.chunk()
                self.assertIn(b'"id":"s"', piece)
                self.assertEqual(piece.count(b'"id"'), 1)
            self.assertIsNotNone(wire.chunk())

    def test_the_head_comes_before_the_first_message(self):
        for accept in TYPES:
            wire = self.watch("count=1&message=step&tags=x-early=1", accept)
            head = wire.read_until(b"\r\n\r\n")
            self.assertIn(b"grpc-metadata-x-early: 1", head.lower())
            self.backend.may_send.release()
            self.assertIn(b'"id":"s"', wire.chunk())

    def test_the_head_does_not_wait_for_ever(self):
        gateway = self.own("timeouts: {stream_head: 20ms}\n")
        for accept in TYPES:
            wire = self.watch("count=1&message=step", accept, gateway=gateway)
            wire.read_until(b"\r\n\r\n")
            self.backend.may_send.release()
            self.assertIn(b'"id":"s"', wire.chunk())
        self.assertEqual(gateway.stop(), 0)

    # ---- Returning

    def test_events_have_ids_to_return_with(self):
        gateway = self.own("""
methods:
  - selector: sluice.test.v1.Everyday.Stream
    sse: {id_field: index, retry: 1.5s, last_event_id: count}
""")
        response = self.watch("", SSE, [("Last-Event-ID", "2")],
                              gateway=gateway).response()
        first, second = response.body.split(b"\n\n")[:-1]
        self.assertTrue(first.startswith(b"retry: 1500\nid: 0\ndata: {"), first)
        self.assertTrue(second.startswith(b"id: 1\ndata: {"), second)
        error = self.assert_error(
            self.watch("", SSE, [("Last-Event-ID", "x")],
                       gateway=gateway).response(), 400, 3)
        self.assertIn("Last-Event-ID", error["message"])
        response = self.watch("count=1", NDJSON, gateway=gateway).response()
        self.assertTrue(response.body.startswith(b"{"))
        self.assertEqual(gateway.stop(), 0)

    def test_when_to_return_is_told_before_the_first_event(self):
        gateway = self.own("""
methods:
  - {selector: sluice.test.v1.Everyday.Stream, sse: {retry: 2s}}
timeouts: {stream_head: 20ms}
""")
        wire = self.watch("message=step&count=1", SSE, gateway=gateway)
        wire.read_until(b"\r\n\r\n")
        self.assertEqual(wire.chunk(), b"retry: 2000\n")
        self.backend.may_send.release()
        body, is_complete = self.rest(wire)
        self.assertTrue(body.startswith(b"data: {"), body)
        self.assertTrue(is_complete)
        wire = self.watch("message=step&tags=a=1&code=5", SSE,
                          gateway=gateway)
        wire.read_until(b"\r\n\r\n")
        self.backend.may_send.release()
        self.assertTrue(self.rest(wire)[0].startswith(
            b"retry: 2000\nevent: error\ndata: {"))
        self.assertEqual(gateway.stop(), 0)

    def test_who_returns_for_nothing_more_is_told_to_stay_away(self):
        back = [("Last-Event-ID", "7")]
        response = self.watch("tags=a=1&tags=t:b=2", SSE, back).response()
        # The head had gone with the metadata.
        self.assertEqual((response.status, response.body), (200, b""))
        response = self.watch("tags=t:b=2", SSE, back).response()
        self.assertEqual(response.status, 204)
        self.assertIsNone(response.header("content-type"))
        self.assertEqual(response.header("grpc-trailer-b"), "2")
        self.gateway.wait_for(' status=204 .*outcome="ok"')
        for accept, headers in ((SSE, []), (NDJSON, back), (ARRAY, back)):
            response = self.watch("", accept, headers).response()
            self.assertEqual(response.status, 200)
        self.assertEqual(self.watch("count=1", SSE, back).response().status,
                         200)
        self.assert_error(self.watch("code=5", SSE, back).response(), 404, 5)

    def test_an_id_that_would_be_cut_is_left_out(self):
        gateway = self.own("""
methods:
  - {selector: sluice.test.v1.Everyday.Stream, sse: {id_field: id}}
""")
        for id, line in (("a%20b", b"id: a b\n"), ("%C3%A4", b"id: \xc3\xa4\n"),
                         ("a%22%5C%2F%09b", b'id: a"\\/\tb\n'),
                         ("a%0Ab", b""), ("a%0Db", b""), ("a%0D%0A", b""),
                         ("%0A", b""), ("a%01", b""), ("%5Cn", b"id: \\n\n")):
            response = self.wire(gateway.port).send(request(
                "GET", "/v1/streams/%s?count=1" % id,
                headers=[("Accept", SSE)])).response()
            self.assertEqual(response.body.split(b"data: ")[0], line)
        self.assertEqual(gateway.stop(), 0)

    # ---- Ends

    def test_a_stream_that_fails_at_once_has_its_HTTP_status(self):
        for accept in TYPES:
            self.assert_error(
                self.watch("code=5", accept).response(), 404, 5)

    def test_a_stream_that_fails_late_ends_with_a_status(self):
        for accept in TYPES:
            response = self.watch("count=5&fail_after=2", accept).response()
            got, status = messages(accept, response.body)
            self.assertEqual(response.status, 200)
            self.assertEqual(len(got), 2)
            self.assertEqual(
                (status["code"], status["message"]), (15, "broken off"))
            self.assertEqual(response.is_complete, accept == SSE)

    def test_HTTP_ends_well_for_pages_that_would_lose_the_status(self):
        # A browser drops what a page has not read yet when HTTP breaks.
        for header, ends_well in (
                (("Sec-Fetch-Mode", "cors"), True),
                (("Sec-Fetch-Mode", "same-origin"), True),
                (("Origin", "https://app.example"), True),
                (("Sec-Fetch-Mode", "navigate"), False)):
            for accept in (NDJSON, ARRAY):
                response = self.watch("count=5&fail_after=2", accept,
                                      [header]).response()
                got, status = messages(accept, response.body)
                self.assertEqual((len(got), status["code"]), (2, 15))
                self.assertEqual(response.is_complete, ends_well, header)

    def test_a_failure_after_the_head_alone_is_told_in_the_form(self):
        for accept in TYPES:
            wire = self.watch("message=step&tags=x-a=1&code=7", accept)
            self.assertIn(b" 200 ", wire.read_until(b"\r\n\r\n"))
            self.backend.may_send.release()
            got, status = messages(accept, self.rest(wire)[0])
            self.assertEqual(got, [])
            self.assertEqual(status["code"], 7)

    # ---- Trailers

    def test_trailers_tell_the_end_to_who_wants_them(self):
        te = [("TE", "trailers"), ("Connection", "TE")]
        for accept in TYPES:
            response = self.watch("count=1", accept, te).response()
            self.assertEqual(response.header("trailer"),
                             "grpc-status, grpc-message")
            self.assertEqual(response.header("grpc-status"), "0")
            self.assertIsNone(response.header("grpc-message"))
            self.assertTrue(response.is_complete)
            for _ in range(2):
                self.backend.may_send.release()
            response = self.watch("count=1&message=step&code=9", accept,
                                  te).response()
            self.assertTrue(response.is_complete)
            self.assertEqual(response.header("grpc-status"), "9")
            self.assertEqual(response.header("grpc-message"),
                             "sp%C3%A4te Gr%C3%B6%C3%9Fe%0A")
            self.assertEqual(messages(accept, response.body)[1]["message"],
                             "späte Größe\n")

    def late(self, accept, query, headers, gateway):
        """The answer of a service that is silent until the head is out."""
        self.backend.release.clear()
        wire = self.watch("hang=true&tags=l:x-late=1&tags=l:x-late=2&" + query,
                          accept, headers, gateway)
        wire.buffer = wire.read_until(b"\r\n\r\n")
        self.assertNotIn(b"x-late", wire.buffer.lower())
        self.backend.release.set()
        return wire.response()

    def test_metadata_after_the_head_is_a_trailer(self):
        gateway = self.own("timeouts: {stream_head: 20ms}\n")
        te = [("TE", "trailers"), ("Connection", "TE")]
        for accept in TYPES:
            for query, status in (
                    ("", [("grpc-status", "0")]),
                    ("code=9&message=no", [("grpc-status", "9"),
                                           ("grpc-message", "no")])):
                response = self.late(accept, query + "&tags=t:x-end=3", te,
                                     gateway)
                self.assertTrue(response.is_complete)
                self.assertEqual(
                    [pair for pair in response.headers
                     if pair[0].startswith("grpc-")],
                    status + [("grpc-metadata-x-late", "1"),
                              ("grpc-metadata-x-late", "2"),
                              ("grpc-trailer-x-end", "3")])
        self.assertEqual(gateway.stop(), 0)

    def test_metadata_after_the_head_is_left_out_without_trailers(self):
        gateway = self.own("timeouts: {stream_head: 20ms}\n")
        for accept in TYPES:
            response = self.late(accept, "", [], gateway)
            self.assertTrue(response.is_complete)
            self.assertNotIn(b"x-late", response.raw.lower())
            self.assertEqual(messages(accept, response.body), ([], None))
        self.assertEqual(gateway.stop(), 0)

    # ---- Heartbeats

    def test_idle_events_have_heartbeats(self):
        gateway = self.own("timeouts: {heartbeat: 20ms}\n")
        wire = self.watch("count=2&message=step&tags=x-a=1", SSE,
                          gateway=gateway)
        wire.read_until(b"\r\n\r\n")
        for _ in range(3):
            self.assertEqual(wire.chunk(), b":\n\n")
        self.backend.may_send.release()
        piece = wire.chunk()
        while piece == b":\n\n":
            piece = wire.chunk()
        self.assertIn(b'"id":"s"', piece)
        self.assertEqual(wire.chunk(), b":\n\n")
        wire.close()
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))
        self.assertEqual(gateway.stop(), 0)

    def test_other_forms_have_none(self):
        gateway = self.own("timeouts: {heartbeat: 20ms}\n")
        for accept in (NDJSON, ARRAY):
            response = self.watch("count=1&hang=true", accept,
                                  headers=[("Grpc-Timeout", "300m")],
                                  gateway=gateway).response()
            self.assertEqual(len(messages(accept, response.body)[0]), 1)
            self.assertNotIn(b":\n\n", response.body)
        self.assertEqual(gateway.stop(), 0)

    # ---- Silence

    def test_streams_go_on_after_a_long_silence(self):
        gateway = self.own("timeouts: {heartbeat: 1200ms}\n")
        streams = [self.stepping("count=3&size=30000", accept, gateway)
                   for accept in TYPES]
        for accept, wire, may_send in streams:
            may_send.release()
            while b'"id"' not in wire.buffer:
                self.assertTrue(wire.more())
        # Its first heartbeat tells that the others have been silent for longer
        # than streams take to come to rest.
        _, last, _ = self.stepping("count=1&tags=x-a=1", SSE, gateway)
        last.read_until(b"\r\n\r\n")
        self.assertEqual(last.chunk(), b":\n\n")
        for accept, wire, may_send in streams:
            may_send.release(2)
            response = wire.response()
            self.assertTrue(response.is_complete)
            found, error = messages(accept, response.body)
            self.assertIsNone(error)
            self.assertEqual([m.get("index", 0) for m in found], [0, 1, 2])
            self.assertEqual({m["text"] for m in found}, {"x" * 30000})
        last.close()
        self.assertEqual(gateway.stop(), 0)

    def stepping(self, query, accept, gateway):
        """A stream whose steps are its own."""
        may_send = self.backend.may_send = threading.Semaphore(0)
        self.backend.entered.clear()
        wire = self.watch("message=step&" + query, accept, gateway=gateway)
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        return accept, wire, may_send


if __name__ == "__main__":
    harness.main()
