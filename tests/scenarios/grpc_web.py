# SPDX-License-Identifier: Apache-2.0
"""gRPC-Web: binary and text, protobuf and JSON, and what clients get wrong."""

import base64
import json

import bad
import frames
import harness
from frames import COMPRESSED, TRAILERS, envelope
from harness import Answer, Order, request

BINARY = "application/grpc-web+proto"
TEXT = "application/grpc-web-text"


def lines(text):
    """(name, value) of each line of a trailers frame."""
    if text and not text.endswith(b"\r\n"):
        raise AssertionError("no line end: %r" % text)
    return [tuple(line.split(": ", 1))
            for line in text.decode("ascii").split("\r\n")[:-1]]


class Reply:
    """An answer of 200: messages, and then trailers."""

    def __init__(self, case, response, data=None):
        case.assertEqual(response.status, 200, response)
        case.assertTrue(response.is_complete, response)
        found = frames.split(response.body if data is None else data)
        case.assertTrue(found, response)
        case.assertEqual([f for f, _ in found],
                         [0] * (len(found) - 1) + [TRAILERS])
        self.response = response
        self.messages = [payload for _, payload in found[:-1]]
        self.trailers = lines(found[-1][1])
        self.code = int(self.trailer("grpc-status"))
        self.answers = []
        if response.header("content-type") == BINARY:
            self.answers = [Answer.FromString(m) for m in self.messages]

    def trailer(self, name):
        return next((v for k, v in self.trailers if k == name), None)


class Scenario(harness.Scenario):
    def post(self, method, body, type=BINARY, headers=(), port=None):
        return self.ask("POST", frames.SERVICE + method, body,
                        [("Content-Type", type), ("X-Grpc-Web", "1"),
                         *headers], port)

    def call(self, method, *orders, headers=(), port=None):
        """Binary, with protobuf."""
        response = self.post(method, b"".join(map(envelope, orders)),
                             headers=headers, port=port)
        self.assertEqual(response.header("content-type"), BINARY)
        return Reply(self, response)

    def fails(self, code, body, method="Obey", type=BINARY, headers=(),
              says=""):
        reply = Reply(self, self.post(method, body, type, headers))
        self.assertEqual((reply.messages, reply.code), ([], code),
                         reply.trailers)
        self.assertIn(says, reply.trailer("grpc-message"))
        return reply


class Calls(Scenario):
    def test_a_unary_call(self):
        reply = self.call("Obey", Order(id="a", size=3))
        self.assertEqual(reply.answers[0].id, "a")
        self.assertEqual(reply.answers[0].text, "xxx")
        self.assertEqual(reply.trailers, [("grpc-status", "0")])

    def test_a_server_stream(self):
        reply = self.call("Stream", Order(id="s", count=5))
        self.assertEqual([a.index for a in reply.answers], list(range(5)))
        self.assertEqual(reply.code, 0)

    def test_an_empty_server_stream(self):
        reply = self.call("Stream", Order(id="s"))
        self.assertEqual((reply.messages, reply.code), ([], 0))

    def test_a_client_stream(self):
        reply = self.call("Collect", *(Order(id=str(i)) for i in range(30)))
        self.assertEqual(reply.answers[0].index, 30)
        self.assertEqual(self.call("Collect").answers[0].index, 0)

    def test_a_bidi_stream(self):
        reply = self.call("Converse", *(Order(id=str(i)) for i in range(9)))
        self.assertEqual([a.id for a in reply.answers],
                         [str(i) for i in range(9)])

    def test_an_empty_message_is_five_bytes_each_way(self):
        reply = Reply(self, self.post("Nothing", envelope(b"")))
        self.assertEqual((reply.messages, reply.code), ([b""], 0))

    def test_the_types_of_binary_with_protobuf(self):
        for type in ("application/grpc-web", "Application/GRPC-Web+Proto",
                     "application/grpc-web; charset=UTF-8",
                     "application/grpc-web+proto ;a=b"):
            response = self.post("Obey", envelope(Order(id="a")), type)
            self.assertEqual(response.header("content-type"), BINARY)
            self.assertEqual(Reply(self, response).answers[0].id, "a")

    def test_JSON_in_envelopes(self):
        response = self.post(
            "Stream", envelope(b'{"id":"j","count":2}'),
            "application/grpc-web+json; charset=utf-8")
        self.assertEqual(response.header("content-type"),
                         "application/grpc-web+json")
        reply = Reply(self, response)
        self.assertEqual([json.loads(m).get("index", 0)
                          for m in reply.messages], [0, 1])

    def test_a_body_in_single_bytes(self):
        wire = self.wire().send(
            "POST %sCollect HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
            "Transfer-Encoding: chunked\r\n\r\n" % (frames.SERVICE, BINARY))
        for byte in envelope(Order(id="a")) + envelope(Order(id="b")):
            wire.send(b"1\r\n%c\r\n" % byte)
        reply = Reply(self, wire.send(b"0\r\n\r\n").response())
        self.assertEqual(reply.answers[0].id, "a,b")


class Text(Scenario):
    def text(self, method, body, type=TEXT, headers=()):
        response = self.post(method, body, type, headers)
        self.assertEqual(response.header("content-type"),
                         "application/grpc-web-text+proto")
        reply = Reply(self, response, frames.text_chunks(response.body))
        reply.answers = [Answer.FromString(m) for m in reply.messages]
        return reply

    def test_a_unary_call(self):
        body = base64.b64encode(envelope(Order(id="abcd")))
        for type in (TEXT, TEXT + "+proto", TEXT.upper()):
            reply = self.text("Obey", body, type)
            self.assertEqual((reply.answers[0].id, reply.code), ("abcd", 0))

    def test_each_message_is_a_chunk_of_its_own(self):
        body = base64.b64encode(envelope(Order(id="s", count=3, size=7)))
        response = self.post("Stream", body, TEXT)
        data = frames.text_chunks(response.body)
        chunks = b"".join(base64.b64encode(envelope(payload, flags))
                          for flags, payload in frames.split(data))
        self.assertEqual(response.body, chunks)
        self.assertEqual(len(Reply(self, response, data).messages), 3)

    def test_padding_may_stand_anywhere_in_the_request(self):
        data = envelope(Order(id="a" * 10)) + envelope(Order(id="b"))
        for step in (1, 2, 4, 5, 7, 100):
            body = b"".join(base64.b64encode(data[i:i + step])
                            for i in range(0, len(data), step))
            reply = self.text("Collect", body)
            self.assertEqual(reply.answers[0].id, "a" * 10 + ",b")

    def test_accept_chooses_the_form_of_the_answer(self):
        binary, text = envelope(Order(id="a")), base64.b64encode(
            envelope(Order(id="a")))
        for body, type, accept, is_text in (
                (binary, BINARY, TEXT, True), (text, TEXT, TEXT, True),
                (text, TEXT, "*/*", True), (binary, BINARY, "*/*", False),
                (text, TEXT, "application/grpc-web", False),
                (text, TEXT, TEXT + "+json", True),
                (text, TEXT, "a/b, " + TEXT + "+proto;q=1", True)):
            with self.subTest((type, accept)):
                response = self.post("Obey", body, type,
                                     [("Accept", accept)])
                self.assertEqual(
                    response.header("content-type"),
                    TEXT + "+proto" if is_text else BINARY)

    def test_an_error_is_text_too(self):
        reply = self.text("Obey", base64.b64encode(
            envelope(Order(code=5, message="no"))))
        self.assertEqual((reply.messages, reply.code), ([], 5))
        self.assertEqual(self.text("Nowhere", b"").code, 12)
        self.assertEqual(
            self.text("Obey", b"", headers=[("Grpc-Timeout", "x")]).code, 3)

    def test_what_is_not_base64(self):
        for body, found, at in (
                (b"AAAAAA!!", "!", 6), (b"AAAA\r\nAA", "\\x0D", 4),
                (b"A===", "=", 1), (b"AA=A", "A", 3), (b"====", "=", 0),
                (b"_-_-", "_", 0), (b"\xff\xfe\xfd\xfc", "\\xFF", 0),
                (base64.b64encode(envelope(bytes(20000)))[:20002] + b" A",
                 " ", 20002)):
            reply = self.text("Obey", body)
            self.assertEqual(
                (reply.code, reply.trailer("grpc-message")),
                (3, 'the body is not base64: found "%s" at byte %d' % (
                    found, at)), body[:9])

    def test_base64_that_ends_within_a_group(self):
        whole = base64.b64encode(envelope(Order(id="abcd"))).rstrip(b"=")
        for body in (whole, b"AAAAAA", b"A"):
            reply = self.text("Obey", body)
            self.assertEqual(reply.code, 3)
            self.assertIn("ends within", reply.trailer("grpc-message"))


class Errors(Scenario):
    def test_a_status_with_its_message(self):
        for code in range(1, 17):
            reply = self.fails(code, envelope(Order(
                code=code, message="no \u00e9 100%\n")))
            self.assertEqual(reply.trailer("grpc-message"),
                             "no %C3%A9 100%25%0A")

    def test_details_come_along_but_for_debug_info(self):
        inside = frames.any_of("acme.Box", frames.field(1, frames.DEBUG))
        status = frames.status(5, "no", frames.RETRY, frames.DEBUG,
                               frames.UNKNOWN, inside)
        reply = self.fails(5, envelope(Order(
            code=5, message="no", details=status)))
        self.assertEqual(
            frames.unbase64(reply.trailer("grpc-status-details-bin")),
            frames.status(5, "no", frames.RETRY, frames.UNKNOWN))

    def test_a_stream_that_fails_late_keeps_its_messages(self):
        reply = self.call("Stream", Order(id="s", count=9, fail_after=3))
        self.assertEqual((len(reply.messages), reply.code), (3, 15))
        self.assertEqual(reply.trailer("grpc-message"), "broken off")

    def test_no_such_method(self):
        for path in (frames.SERVICE + "Nowhere", "/a.B/C", "/nowhere"):
            response = self.ask("POST", path, envelope(b""),
                                [("Content-Type", BINARY)])
            self.assertEqual(Reply(self, response).code, 12)
        self.fails(12, envelope(b""), "Missing")

    def test_an_unknown_type_is_415(self):
        for type in ("application/grpc-web+thrift", "application/grpc-webs",
                     "application/grpc-web-text+xml",
                     "application/grpc-web+json; charset=latin1"):
            self.assert_error(self.post("Obey", b"", type), 415, 3)

    def test_another_method_is_405(self):
        for verb in ("GET", "PUT", "DELETE"):
            response = self.ask(verb, frames.SERVICE + "Echo",
                                headers=[("Content-Type", BINARY)])
            self.assert_error(response, 405, 12)
            self.assertEqual(response.header("allow"), "POST")

    def test_the_path_of_a_resource_speaks_REST(self):
        self.assert_error(self.ask(
            "POST", "/v1/echo", envelope(b""),
            [("Content-Type", BINARY)]), 415, 3)

    def test_bad_timeouts_and_metadata(self):
        body = envelope(Order(id="a"))
        for name, value in (("Grpc-Timeout", "1x"), ("Grpc-Timeout", "-1S"),
                            ("Grpc-Timeout", "123456789S"),
                            ("Grpc-Timeout", "12345678901m"),
                            ("A-bin", "!!!")):
            reply = self.fails(3, body, headers=[(name, value)])
            self.assertIn(name, reply.trailer("grpc-message"))
            self.assertIsNotNone(reply.trailer("grpc-status-details-bin"))

    def test_a_backend_that_cannot_be_had(self):
        gateway = self.start(1)
        self.addCleanup(gateway.stop)
        reply = self.call("Obey", Order(id="a"), port=gateway.port)
        self.assertEqual((reply.messages, reply.code), ([], 14))
        self.assertIsNone(reply.response.header("retry-after"))


class Envelopes(Scenario):
    good = envelope(Order(id="a"))

    def tearDown(self):
        # No other client is disturbed.
        self.assertEqual(self.call("Obey", Order(id="n")).answers[0].id, "n")

    def test_no_message_for_a_method_that_takes_one(self):
        self.fails(12, b"", says="found none")

    def test_two_messages_for_a_method_that_takes_one(self):
        calls = len(self.backend.calls)
        self.fails(12, self.good * 2, says="found more")
        self.assertEqual(len(self.backend.calls), calls)

    def test_a_body_that_ends_within_an_envelope(self):
        for n in (1, 4, 5, len(self.good) - 1):
            self.fails(3, self.good[:n], says="ends within a message")

    def test_a_client_stream_that_ends_within_an_envelope(self):
        self.fails(3, self.good + self.good[:6], "Collect",
                   says="ends within a message")

    def test_lengths_over_the_limit(self):
        for length in (b"\xff\xff\xff\xff", b"\x00\x40\x00\x01"):
            for method in ("Obey", "Collect"):
                self.fails(8, self.good * (method == "Collect") +
                           b"\0" + length + b"xyz", method, says="limit")

    def test_flags_that_no_request_has(self):
        for flags in (0x02, 0x03, 0x80, 0x81, 0xff):
            self.fails(3, envelope(b"", flags), says="flags")
            self.fails(3, self.good + envelope(b"", flags), "Converse",
                       says="flags")

    def test_flags_are_refused_before_the_message_is_there(self):
        reply = self.fails(3, b"\x80\0\0\1\0abc", says="flags")
        self.assertIn("found 0x80", reply.trailer("grpc-message"))
        self.fails(3, self.good * 2 + b"\2\0\0\1\0", "Collect",
                   says="message 3: expected the flags 0 or 1")

    def test_a_message_that_is_known_to_be_too_long_need_not_come(self):
        for type, length in ((BINARY, (4 << 20) + 6),
                             (TEXT, ((4 << 20) + 5) * 4 + 1)):
            wire = self.wire().send(
                "POST %sObey HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
                "Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % (
                    frames.SERVICE, type, length))
            head = wire.socket.recv(16, 2)      # MSG_PEEK
            self.assertNotIn(b" 100 ", head)
            response = wire.response()
            data = None if type == BINARY else frames.text_chunks(
                response.body)
            self.assertEqual(Reply(self, response, data).code, 8)
            self.assertEqual(response.header("connection"), "close")
            self.assertEqual(wire.to_end(), b"")

    def test_what_is_no_envelope_at_all(self):
        self.fails(3, b'{"id": "a", "size": 1}', says="flags")

    def test_trailers_after_the_messages(self):
        self.fails(3, self.good + envelope(b"a: b\r\n", TRAILERS),
                   says="flags")

    def test_a_bad_message_amid_a_client_stream_ends_the_call(self):
        for body, code in ((envelope(b"", 0x40), 3),
                           (b"\0\xff\xff\xff\xff", 8)):
            self.backend.cancelled.clear()
            self.fails(code, self.good * 3 + body, "Converse")

    def test_bad_JSON(self):
        for text in (b"", b"{", b'{"nope":1}', b'{"id":1}', b"[]",
                     b'{"id":"a"} x'):
            reply = Reply(self, self.post(
                "Obey", envelope(text), "application/grpc-web+json"))
            self.assertEqual(reply.code, 3, text)


class Compression(Scenario):
    def test_compressed_requests(self):
        order = Order(id="z" * 2000)
        body = frames.packed(order.SerializeToString())
        reply = Reply(self, self.post(
            "Obey", body, headers=[("Grpc-Encoding", "gzip")]))
        self.assertEqual(reply.answers[0].id, order.id)
        reply = Reply(self, self.post(
            "Collect", body + envelope(Order(id="plain")),
            headers=[("Grpc-Encoding", "gzip")]))
        self.assertEqual(reply.answers[0].index, 2)

    def test_answers_are_never_compressed(self):
        reply = self.call("Obey", Order(id="a", size=9999), headers=[
            ("Grpc-Accept-Encoding", "gzip"), ("Accept-Encoding", "gzip")])
        self.assertEqual(len(reply.answers[0].text), 9999)
        self.assertIsNone(reply.response.header("grpc-encoding"))

    def test_an_unknown_coding_is_answered_with_those_known(self):
        reply = self.fails(12, envelope(b""),
                           headers=[("Grpc-Encoding", "br")])
        self.assertEqual(reply.response.header("grpc-accept-encoding"),
                         "gzip, deflate, identity")

    def test_a_flag_without_a_coding(self):
        for headers in ([], [("Grpc-Encoding", "identity")]):
            self.fails(13, frames.packed(b""), headers=headers)

    def test_two_codings_are_none_that_is_known(self):
        self.fails(12, envelope(Order(id="a")),
                   headers=[("Grpc-Encoding", "gzip"),
                            ("Grpc-Encoding", "identity")], says="once")

    def test_what_is_not_what_its_coding_says(self):
        for payload in (b"", b"\x1f\x8b", b"plain text"):
            self.fails(3, envelope(payload, COMPRESSED),
                       headers=[("Grpc-Encoding", "gzip")])

    def test_a_compressed_body_is_refused(self):
        self.fails(12, b"\x1f\x8b", headers=[("Content-Encoding", "gzip")])


class Metadata(Scenario):
    def test_headers_are_metadata(self):
        reply = self.call("Obey", Order(id="a"), headers=[
            ("Acme-Id", "7"), ("Authorization", "Bearer t"),
            ("Data-bin", "AQL/"), ("X-User-Agent", "grpc-web-javascript/0.1"),
            ("Cookie", "secret"), ("Origin", "http://a"),
            ("Accept-Language", "de"), ("Referer", "http://b"),
            ("Sec-Fetch-Mode", "cors"), ("Connection", "keep-alive")])
        metadata = reply.answers[0].metadata
        for name, value in (("acme-id", "7"), ("authorization", "Bearer t"),
                            ("data-bin", "0102ff")):
            self.assertEqual(metadata.get(name), value, name)
        self.assertEqual(metadata["x-user-agent"], "grpc-web-javascript/0.1")
        for name in ("cookie", "origin", "accept-language", "referer",
                     "sec-fetch-mode", "connection", "x-grpc-web", "host",
                     "content-length", "accept"):
            self.assertNotIn(name, metadata)

    def test_several_values_stay_several(self):
        self.call("Obey", Order(id="a"), headers=[
            ("Twice", "1"), ("Twice", "2"), ("T-bin", "AQ,Ag"),
            ("T-bin", "Aw==")])
        metadata = self.backend.calls[-1][1]
        self.assertEqual([v for k, v in metadata if k == "twice"],
                         ["1", "2"])
        self.assertEqual([v for k, v in metadata if k == "t-bin"],
                         [b"\1", b"\2", b"\3"])

    def test_what_comes_back(self):
        reply = self.call("Obey", Order(id="a", tags=[
            "a=1", "a=2", "b-bin=abab", "t:c=x y", "t:c=z", "t:d-bin=ab",
            "access-control-allow-origin=*", "sec-x=1", "grpc-x=1",
            "t:grpc-y=1"]))
        self.assertEqual([v for k, v in reply.response.headers if k == "a"],
                         ["1", "2"])
        self.assertEqual(reply.response.header("b-bin"), "q6s")
        for name in ("access-control-allow-origin", "sec-x", "grpc-x",
                     "grpc-status", "trailer"):
            self.assertIsNone(reply.response.header(name))
        self.assertEqual(reply.trailers, [
            ("grpc-status", "0"), ("c", "x y"), ("c", "z"), ("d-bin", "qw")])

    def test_metadata_of_an_error_comes_back(self):
        reply = self.fails(5, envelope(Order(
            code=5, message="no", tags=["a=1", "t:b=2"])))
        self.assertEqual(reply.response.header("a"), "1")
        self.assertEqual(reply.trailer("b"), "2")

    def test_trailers_need_not_fit_a_head(self):
        reply = self.call("Obey", Order(id="a", tags=["t:b=" + "x" * 6000]))
        self.assertEqual((reply.code, reply.trailer("b")), (0, "x" * 6000))
        reply = self.call("Stream", Order(
            id="a", count=1, tags=["t:b=" + "x" * 6000]))
        self.assertEqual((reply.code, reply.trailer("b")), (0, "x" * 6000))

    def test_headers_have_to(self):
        self.fails(13, envelope(Order(tags=["b=" + "x" * 6000])),
                   says="metadata")


class Time(Scenario):
    def setUp(self):
        self.forget()

    def test_the_deadline_goes_upstream(self):
        for value, low, high in (("5S", 3e3, 5e3), ("4000m", 2e3, 4e3),
                                 ("2000000000m", 1e9, 2e9)):
            reply = self.call("Obey", Order(id="a"),
                              headers=[("Grpc-Timeout", value)])
            self.assertTrue(low < reply.answers[0].remaining_ms <= high)

    def test_no_time_at_all(self):
        self.fails(4, envelope(Order()), headers=[("Grpc-Timeout", "0m")])
        self.fails(4, b"", "Collect", headers=[("Grpc-Timeout", "0m")])

    def test_a_deadline_ends_a_unary_call(self):
        self.fails(4, envelope(Order(hang=True)),
                   headers=[("Grpc-Timeout", "300m")])
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))

    def test_metadata_is_seen_before_the_first_message(self):
        wire = self.wire().send(request(
            "POST", frames.SERVICE + "Stream",
            envelope(Order(tags=["a=1"], hang=True)),
            [("Content-Type", BINARY)]))
        self.assertIn(b"a: 1\r\n", wire.read_until(b"\r\n\r\n").lower())
        self.backend.release.set()

    def test_metadata_after_the_head_is_among_the_trailers(self):
        gateway = self.start(self.backend.port,
                             "timeouts: {stream_head: 20ms}\n")
        self.addCleanup(lambda: gateway.process.poll() is None
                        and gateway.process.kill())
        for code in (0, 9):
            self.backend.release.clear()
            wire = self.wire(gateway.port).send(request(
                "POST", frames.SERVICE + "Stream", envelope(Order(
                    hang=True, code=code, message="no",
                    tags=["l:a=1", "l:b-bin=ab", "t:a=2"])),
                [("Content-Type", BINARY)]))
            wire.buffer = wire.read_until(b"\r\n\r\n")
            self.backend.release.set()
            reply = Reply(self, wire.response())
            said = [("grpc-message", "no")] if code else []
            self.assertEqual(reply.trailers, [
                ("grpc-status", str(code)), *said, ("a", "1"), ("b-bin", "qw"),
                ("a", "2")])
        self.assertEqual(gateway.stop(), 0)


class BadAnswers(bad.BadBackend):
    scripts = {
        **bad.ANSWERS,
        "42": bad.plays(bad.head(), bad.trailers(
            ("grpc-status", "42"), ("grpc-message", "new"),
            ("grpc-status-details-bin", base64.b64encode(frames.status(
                42, "new", frames.RETRY)).decode()))),
        "abc": bad.plays(bad.head(), bad.trailers(("grpc-status", "abc"))),
    }

    def call(self, id, method="Obey"):
        response = self.ask("POST", frames.SERVICE + method,
                            envelope(Order(id=id)),
                            [("Content-Type", BINARY)])
        reply = Reply(self, response)
        return len(reply.messages), reply.code

    def test_a_unary_answer_without_a_message(self):
        self.assertEqual(self.call("none"), (0, 13))

    def test_a_unary_answer_of_two_messages(self):
        self.assertEqual(self.call("two"), (0, 13))

    def test_an_answer_that_is_no_gRPC(self):
        self.assertEqual(self.call("html"), (0, 14))
        self.assertEqual(self.call("404"), (0, 12))

    def test_a_status_of_the_future_passes_with_its_details(self):
        for method in ("Obey", "Stream"):
            response = self.ask("POST", frames.SERVICE + method,
                                envelope(Order(id="42")),
                                [("Content-Type", BINARY)])
            reply = Reply(self, response)
            self.assertEqual((reply.code, reply.trailer("grpc-message")),
                             (42, "new"))
            self.assertEqual(
                frames.unbase64(reply.trailer("grpc-status-details-bin")),
                frames.status(42, "new", frames.RETRY))
        self.assert_error(self.ask("GET", "/v1/orders/42"), 500, 2)

    def test_a_status_that_is_no_number_is_unknown(self):
        self.assertEqual(self.call("abc"), (0, 2))

    def test_a_connection_that_breaks_amid_an_answer(self):
        self.assertEqual(self.call("cut"), (0, 14))
        self.assertEqual(self.call("cut", "Stream"), (1, 14))


if __name__ == "__main__":
    harness.main()
