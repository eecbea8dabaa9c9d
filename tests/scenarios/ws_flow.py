# SPDX-License-Identifier: Apache-2.0
"""WebSockets over time: slow sides, silent ones, ends of every kind."""

import json
import signal
import socket
import struct

import harness
from harness import Order, request
from websocket import (BINARY, CLOSE, PING, PONG, TEXT, Client, close, frame,
                       handshake, masked)

METHOD = "/sluice.test.v1.Everyday/%s"


class WebSocketScenario(harness.Scenario):
    def setUp(self):
        self.forget()

    def own(self, more=""):
        gateway = self.start(self.backend.port, more)
        self.addCleanup(lambda: gateway.process.poll() is None
                        and gateway.process.kill())
        return gateway

    def open(self, target, *arguments, **more):
        return Client(self, target, *arguments, **more)

    def entered(self):
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))

    def cancelled(self):
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))


class Deaf(harness.Backend):
    """Reads no request of a conversation before it is told to."""

    def converse(self, orders, context):
        self._watch(context)
        self.entered.set()
        self.release.wait(harness.PATIENCE)
        yield from super().converse(orders, context)


class Frames(WebSocketScenario):
    def test_a_message_may_come_in_fragments(self):
        text = json.dumps({"id": "frägment"}, ensure_ascii=False).encode()
        for size in (1, 2, 7):
            with self.subTest(size):
                client = self.open("/v1/collections")
                pieces = [text[i:i + size] for i in range(0, len(text), size)]
                for i, piece in enumerate(pieces):
                    client.send_raw(
                        frame(0 if i else TEXT, piece, fin=False)
                        + frame(PING, b"%d" % i))
                    self.assertEqual(client.frame(), (PONG, b"%d" % i))
                client.send_raw(frame(0, b"")).end()
                self.assertEqual(client.json()["id"], "frägment")
                client.expect_close(1000)

    def test_a_talk_split_at_every_byte(self):
        talk = (frame(TEXT, '{"id": "é1"}') + frame(PING, b"p")
                + frame(BINARY, Order(id="b2").SerializeToString())
                + frame(TEXT, '{"id":', fin=False) + frame(PONG, b"x")
                + frame(0, ' "c3"}') + frame(TEXT, b""))
        for cut in range(len(talk) + 1):
            client = self.open("/v1/collections", early=talk[:cut])
            client.send_raw(talk[cut:])
            self.assertEqual(client.frame(), (PONG, b"p"))
            self.assertEqual(client.json(), {"id": "é1,b2,c3", "index": 3})
            client.expect_close(1000)

    def test_a_talk_byte_by_byte(self):
        client = self.open("/v1/collections")
        client.wire.socket.setsockopt(socket.IPPROTO_TCP,
                                      socket.TCP_NODELAY, 1)
        for byte in frame(TEXT, '{"id": "a"}') + frame(TEXT, b""):
            client.send_raw(bytes([byte]))
        self.assertEqual(client.json()["id"], "a")
        client.expect_close(1000)

    def test_frames_before_the_101_are_not_lost(self):
        early = b"".join(frame(TEXT, '{"id": "%d"}' % i) for i in range(100))
        client = self.open("/v1/collections", early=early + frame(TEXT, b""))
        self.assertEqual(client.json()["index"], 100)
        client.expect_close(1000)

    def test_each_length_of_a_frame(self):
        for n in (0, 1, 125, 126, 127, 65535, 65536, 70000):
            client = self.open("/v1/echo", "sluice.proto")
            sent = harness.Everything(name="x" * n)
            client.send(sent.SerializeToString())
            self.assertEqual(client.binary(harness.Everything), sent)
            client.expect_close(1000)

    def test_a_ping_is_answered_with_its_payload(self):
        client = self.open(METHOD % "Converse")
        for payload in (b"", b"x" * 125):
            client.send_raw(frame(PING, payload))
            self.assertEqual(client.frame(), (PONG, payload))
        client.end().expect_close(1000)


class Ends(WebSocketScenario):
    def test_each_status_is_a_code_of_close(self):
        for code in range(1, 17):
            client = self.open(METHOD % "Obey").send(
                {"code": code, "message": "no such thing"})
            client.expect_status(code, "no such thing")

    def test_the_reason_is_the_message_cut_after_a_character(self):
        client = self.open(METHOD % "Obey", "sluice.json")
        client.send({"code": 5, "message": "€" * 100})
        self.assertEqual(client.json()["message"], "€" * 100)
        self.assertEqual(client.expect_close(4005), "€" * 41)

    def test_a_stream_that_fails_ends_with_a_status(self):
        client = self.open("/v1/streams/s?count=5&failAfter=2")
        client.json(), client.json()
        client.expect_status(15, "broken off")

    def test_the_binary_form_has_its_status_as_text(self):
        client = self.open(METHOD % "Obey", "sluice.proto")
        client.send(Order(code=5, message="gone").SerializeToString())
        client.expect_status(5, "gone")

    def test_an_unknown_method_is_unimplemented(self):
        self.open(METHOD % "Missing").send({}).expect_status(12)

    def test_closing_cancels_the_call(self):
        client = self.open("/v1/streams/s?hang=true")
        self.entered()
        client.send_raw(close(1000))
        opcode, payload = client.frame()
        self.assertEqual((opcode, payload), (CLOSE, b"\x03\xe8"))
        self.assertEqual(client.wire.to_end(), b"")
        self.cancelled()
        self.gateway.wait_for('status=499.*outcome="client gone"')

    def test_an_empty_close_gets_an_empty_one(self):
        client = self.open(METHOD % "Converse").send_raw(close())
        self.assertEqual(client.frame(), (CLOSE, b""))
        self.assertEqual(client.wire.to_end(), b"")

    def test_leaving_without_a_close_cancels_the_call(self):
        for leave in ("close", "abort", "half_close"):
            with self.subTest(leave):
                self.setUp()
                client = self.open("/v1/streams/s?hang=true")
                self.entered()
                getattr(client.wire, leave)()
                self.cancelled()
                self.backend.release.set()

    def test_leaving_within_a_message_is_borne(self):
        for cut in (1, 2, 5, 8):
            client = self.open(METHOD % "Obey")
            client.send_raw(frame(TEXT, '{"id": "x"}')[:cut]).wire.close()
        self.assertEqual(self.ask("GET", "/v1/orders/1").status, 200)

    def test_a_client_that_never_answers_our_close_is_left(self):
        client = self.open("/v1/orders/1")
        client.json()
        self.assertEqual(client.frame()[0], CLOSE)
        self.assertEqual(client.wire.to_end(), b"")

    def test_the_log_has_one_line_with_the_outcome(self):
        client = self.open("/v1/orders/logged-1")
        client.json()
        client.expect_close(1000)
        self.gateway.wait_for(
            'status=101.*logged-1".*outcome="?ok')
        client = self.open("/v1/orders/logged-2?code=7")
        client.expect_status(7)
        self.gateway.wait_for('status=101.*logged-2".*code=7')


class Handshakes(WebSocketScenario):
    more = """
websocket:
  origins: ["https://app.example", "http://other.example:8080",
            "https://*.pages.example"]
"""

    def status(self, headers, host="localhost", target="/v1/orders/1"):
        wire = self.wire().send(handshake(target, headers, host))
        return int(wire.read_until(b"\r\n").split()[1])

    def test_origins(self):
        for origin, host, status in (
                (None, "localhost", 101),
                ("https://app.example", "localhost", 101),
                ("https://App.example", "localhost", 403),
                ("https://x.app.example", "localhost", 403),
                ("https://x.pages.example", "localhost", 101),
                ("http://app.example", "localhost", 403),
                ("https://app.example:444", "localhost", 403),
                ("http://other.example:8080", "localhost", 101),
                ("http://localhost", "localhost", 101),
                ("https://localhost", "localhost", 101),
                ("http://localhost:8080", "localhost:8080", 101),
                ("http://localhost:8081", "localhost:8080", 403),
                ("http://localhost:80", "LocalHost", 101),
                ("https://a.example", "a.example:443", 101),
                ("http://localhost.evil", "localhost", 403),
                ("null", "localhost", 403), ("", "localhost", 403)):
            with self.subTest(origin, host=host):
                headers = [] if origin is None else [("Origin", origin)]
                self.assertEqual(self.status(headers, host), status)

    def test_metadata_goes_in_headers_and_in_the_first_message(self):
        client = self.open(
            "/v1/orders/1", "sluice.json+metadata",
            headers=[("Grpc-Metadata-A", "1"), ("Cookie", "no")])
        client.send({"metadata": {
            "Authorization": "Bearer x", "list": ["a", "b"],
            "raw-bin": "AAEC", "grpc-status": "5", "connection": "close"}})
        client.json()
        client.expect_close(1000)
        metadata = self.backend.calls[-1][1]
        for pair in (("a", "1"), ("authorization", "Bearer x"),
                     ("list", "a"), ("list", "b"), ("raw-bin", b"\0\1\2")):
            self.assertIn(pair, metadata)
        names = [name for name, _ in metadata]
        for name in ("cookie", "grpc-status", "connection"):
            self.assertNotIn(name, names)

    def test_metadata_comes_before_the_requests(self):
        client = self.open("/v1/collections", "sluice.proto+metadata")
        client.send({}).send(Order(id="a").SerializeToString()).end()
        self.assertEqual(client.binary(harness.Answer).id, "a")
        client.expect_close(1000)

    def test_a_POST_route_is_found(self):
        client = self.open("/v1/orders/7:obey").send({"size": 1})
        answer = client.json()
        self.assertEqual((answer["id"], answer["text"]), ("7", "x"))
        client.expect_close(1000)

    def test_HTTP_1_0_does_not_reach_a_POST_route(self):
        wire = self.wire().send(handshake("/v1/collections").replace(
            b"HTTP/1.1", b"HTTP/1.0"))
        self.assertEqual(wire.response().status, 405)


class Time(WebSocketScenario):
    more = """
timeouts: {body: 0.3s, idle: 0.3s, send: 0.3s, ping: 0.2s, pong: 0.2s}
"""

    def test_silence_is_pinged_and_its_end_noticed(self):
        client = self.open("/v1/streams/s?hang=true")
        self.entered()
        for _ in range(3):
            self.assertEqual(client.frame(), (PING, b""))
            client.send_raw(frame(PONG))
        self.assertEqual(client.frame(), (PING, b""))
        self.assertEqual(client.wire.to_end(), b"")
        self.cancelled()

    def test_a_deadline_ends_the_call(self):
        client = self.open("/v1/streams/s?hang=true", "sluice.json+metadata")
        client.send({"timeout": "0.1s"})
        client.expect_status(4)
        self.cancelled()

    def test_no_time_at_all_is_a_status(self):
        client = self.open("/v1/orders/1", headers=[("Grpc-Timeout", "0S")])
        client.expect_status(4)

    def test_a_request_that_never_comes_is_4004(self):
        for target, protocol in ((METHOD % "Obey", None),
                                 ("/v1/orders/1", "sluice.json+metadata")):
            client = self.open(target, protocol)
            while True:
                opcode, payload = client.frame()
                if opcode != PING:
                    break
                client.send_raw(frame(PONG))
            self.assertEqual(json.loads(payload)["code"], 4)
            client.expect_close(4004)

    def test_a_message_that_takes_too_long_is_4004(self):
        client = self.open("/v1/collections")
        client.send_raw(frame(TEXT, '{"id": "aaaaaaaaaaaaaaaaaaaaaaa"}')[:-1])
        while True:
            opcode, payload = client.frame()
            if opcode != PING:
                break
        self.assertEqual(json.loads(payload)["code"], 4)


class SendTime(WebSocketScenario):
    """Without pings, which a client that takes nothing does not answer."""
    more = "timeouts: {send: 0.3s}\n"

    def test_a_client_that_takes_nothing_is_cut_off(self):
        self.open("/v1/streams/cut?count=1000000&size=1000",
                  receive_buffer=4096)
        self.cancelled()
        self.gateway.wait_for('path="/v1/streams/cut".*outcome="timeout"')


def may_grow(n):
    """Sanitizers keep what was freed for a while."""
    return n + (8 << 20 if harness.is_sanitized() else 0)


class Flow(WebSocketScenario):
    def setUp(self):
        super().setUp()
        self.neighbour = self.wire()
        self.turn()

    def turn(self):
        """Somebody else has a turn: what could go on has gone on."""
        return self.neighbour.send(
            request("GET", "/v1/orders/1")).response().status

    def test_a_slow_reader_holds_the_stream(self):
        client = self.open("/v1/streams/s?count=1000000&size=1000",
                           receive_buffer=65536)
        before = self.gateway.rss()
        for i in range(300):
            self.assertEqual(self.turn(), 200)
        for i in range(1000):
            self.assertEqual(client.json().get("index", 0), i)
        self.assertLess(self.gateway.rss() - before, may_grow(1 << 20))
        client.wire.close()
        self.cancelled()

    def send_until_held(self, client, data):
        """Until the gateway takes no more; how much that was."""
        client.wire.socket.settimeout(None)
        client.wire.socket.setblocking(False)
        sent = 0
        misses = 0
        while misses < 50 and sent < 1 << 30:
            try:
                sent += client.wire.socket.send(data[sent % len(data):])
                misses = 0
            except BlockingIOError:
                self.assertEqual(self.turn(), 200)
                misses += 1
        client.wire.socket.settimeout(harness.PATIENCE)
        return sent

    def test_a_slow_service_holds_the_client(self):
        # Nobody reads the answers, so the service takes no more requests.
        client = self.open(METHOD % "Converse", receive_buffer=65536)
        before = self.gateway.rss()
        data = frame(TEXT, '{"id": "%s"}' % ("x" * 60000))
        sent = self.send_until_held(client, data)
        self.assertLess(sent, 128 << 20)
        self.assertLess(self.gateway.rss() - before, may_grow(4 << 20))
        # And goes on where it stopped.
        for _ in range(sent // len(data)):
            self.assertEqual(len(client.json()["id"]), 60000)
        client.wire.close()

    def test_a_client_that_is_held_hears_of_the_end(self):
        gateway = self.own("timeouts: {grace: 0.2s}\n")
        self.neighbour = self.wire(gateway.port)
        client = self.open(METHOD % "Converse", port=gateway.port,
                           receive_buffer=65536)
        data = frame(TEXT, '{"id": "%s"}' % ("x" * 60000))
        sent = self.send_until_held(client, data)
        gateway.process.send_signal(signal.SIGTERM)
        # The rest of the last message, one more, so that there is more than is
        # looked through for a Close, and a Close behind them.
        client.send_raw(data[sent % len(data):] + data + close(1000))
        while True:
            message = client.json()
            if "code" in message:
                break
        self.assertEqual(message["code"], 14)
        opcode, payload = client.frame()
        self.assertEqual(opcode, CLOSE)
        self.assertEqual(client.wire.to_end(), b"")
        self.assertEqual(gateway.stop(None), 0)

    def test_a_flood_of_pings_takes_no_memory(self):
        client = self.open(METHOD % "Converse", receive_buffer=65536)
        before = self.gateway.rss()
        flood = frame(PING, b"x" * 125) * 1000
        for _ in range(400):  # 50 MB, of which no pong is read
            client.send_raw(flood)
        self.assertLess(self.gateway.rss() - before, may_grow(1 << 20))
        client.send({"id": "a"})
        while True:
            opcode, payload = client.frame()
            if opcode != PONG:
                break
        self.assertEqual(json.loads(payload)["id"], "a")
        client.wire.close()

    def test_many_at_once(self):
        clients = [self.open(METHOD % "Converse") for _ in range(30)]
        for i, client in enumerate(clients):
            client.send({"id": str(i)})
        for i, client in enumerate(clients):
            self.assertEqual(client.json()["id"], str(i))
        for client in clients:
            client.end()
        for client in clients:
            client.expect_close(1000)


class Held(WebSocketScenario):
    """What stands behind a message that the service does not take."""

    backend_type = Deaf
    backend_options = (("grpc.http2.bdp_probe", 0),
                       ("grpc.http2.lookahead_bytes", 65536))

    def hold(self, behind):
        """The first message is longer than what a service is sent that does
        not read, so the next one waits."""
        client = self.open(METHOD % "Converse")
        client.send({"id": "x" * (1 << 20)}).send({"id": "held"})
        return client.send_raw(behind)

    def test_a_close_cancels_at_once(self):
        for code in (1000, 4321, None):
            self.backend.cancelled.clear()
            client = self.hold(close(code))
            self.cancelled()
            self.assertEqual(client.frame(), (
                CLOSE, b"" if code is None else struct.pack(">H", code)))
            self.assertEqual(client.wire.to_end(), b"")
        self.gateway.wait_for(r"status=499", 3)

    def test_a_close_behind_more_messages_cancels_at_once(self):
        small = frame(TEXT, '{"id": "%s"}' % ("y" * 1000))
        client = self.hold(small * 20 + close(1001))
        self.cancelled()
        self.assertEqual(client.frame(), (CLOSE, struct.pack(">H", 1001)))
        self.assertEqual(client.wire.to_end(), b"")

    def test_leaving_cancels_at_once(self):
        for leave in ("close", "half_close", "abort"):
            with self.subTest(leave):
                self.setUp()
                client = self.hold(b"")
                self.entered()
                getattr(client.wire, leave)()
                self.cancelled()
                self.backend.release.set()

    def test_pings_are_answered_once(self):
        client = self.hold(frame(PING, "a"))
        self.assertEqual(client.frame(), (PONG, b"a"))
        client.send_raw(frame(PING, "b"))
        self.assertEqual(client.frame(), (PONG, b"b"))
        self.backend.release.set()
        client.end()
        ids = [client.json()["id"] for _ in range(2)]
        self.assertEqual([len(i) for i in ids], [1 << 20, 4])
        client.expect_close(1000)

    def test_what_is_behind_keeps_its_order(self):
        names = ["%d" % i for i in range(200)]
        client = self.hold(b"".join(
            frame(TEXT, '{"id": "%s"}%s' % (name, " " * 1000))
            for name in names) + frame(PING, "p") + frame(TEXT))
        self.backend.release.set()
        found = [client.frame() for _ in range(203)]
        self.assertIn((PONG, b"p"), found)
        ids = [json.loads(payload)["id"] for opcode, payload in found
               if opcode == TEXT]
        self.assertEqual(len(ids.pop(0)), 1 << 20)
        self.assertEqual(ids, ["held"] + names)
        client.expect_close(1000)


class Drain(WebSocketScenario):
    def test_what_runs_is_finished(self):
        gateway = self.own()
        client = self.open(METHOD % "Converse", port=gateway.port)
        client.send({"id": "a"}).json()
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for("draining")
        self.assertEqual(client.send({"id": "b"}).json()["id"], "b")
        client.end().expect_close(1000)
        self.assertEqual(gateway.stop(None), 0)

    def test_what_has_no_call_is_closed_with_1001(self):
        gateway = self.own()
        client = self.open(METHOD % "Obey", port=gateway.port)
        gateway.process.send_signal(signal.SIGTERM)
        client.expect_status(14, "shutting down", close_code=1001)
        self.assertEqual(gateway.stop(None), 0)

    def test_what_overruns_the_grace_is_closed_with_1001(self):
        gateway = self.own("timeouts: {grace: 0.2s}\n")
        clients = [self.open("/v1/streams/s?hang=true&count=1",
                             port=gateway.port) for _ in range(3)]
        for client in clients:
            client.json()
        gateway.process.send_signal(signal.SIGTERM)
        for client in clients:
            client.expect_status(14, "shutting down", close_code=1001)
        self.assertEqual(gateway.stop(None), 0)

    def test_a_client_that_ignores_it_is_cut_off(self):
        gateway = self.own("timeouts: {grace: 0.2s}\n")
        self.open("/v1/streams/s?hang=true", port=gateway.port)
        self.entered()
        gateway.process.send_signal(signal.SIGTERM)
        self.assertEqual(gateway.stop(None), 0)


if __name__ == "__main__":
    harness.main()
