# SPDX-License-Identifier: Apache-2.0
"""google.api.HttpBody in streams: bytes pass as they come, in bounded memory."""

import files
import harness
from files import ALL_BYTES, MIB, PIECE_MAX, WHOLE, body, chunk, record


class Upload(files.Scenario):
    def messages(self, response, type_of):
        return [type_of.FromString(wire) for wire in self.received(response)]

    def test_data_is_cut_into_messages_and_not_changed(self):
        data = ALL_BYTES * 1000
        response = self.send("POST", "/v1/streams", data, "image/png")
        parts = self.messages(response, files.HttpBody)
        self.assertEqual(b"".join(part.data for part in parts), data)
        self.assertEqual([part.content_type for part in parts],
                         ["image/png"] + [""] * (len(parts) - 1))
        self.assertGreater(len(parts), 1)
        self.assertLessEqual(max(len(part.data) for part in parts),
                             PIECE_MAX)

    def test_path_and_query_are_in_the_first_message_only(self):
        data = ALL_BYTES * 200
        response = self.send("POST", "/v1/streams/n?note.text=t", data, "a/b")
        wires = self.received(response)
        first = files.Upload.FromString(wires[0])
        self.assertEqual((first.name, first.note.text,
                          first.file.content_type), ("n", "t", "a/b"))
        self.assertGreater(len(wires), 1)
        for wire in wires[1:]:
            part = files.Upload.FromString(wire)
            self.assertEqual(wire, record(2, record(2, part.file.data)))

    def test_an_empty_body_is_one_message(self):
        self.assertEqual(
            self.received(self.send("POST", "/v1/streams", b"", "a/b")),
            [body(b"", b"a/b")])
        self.assertEqual(
            self.received(self.send("POST", "/v1/streams")), [b""])
        self.assertEqual(
            self.received(self.send("POST", "/v1/streams/n")),
            [record(2, b"") + record(1, b"n")])
        self.assertEqual(
            self.received(self.send_chunked("/v1/streams", [])), [b""])

    def test_a_piece_is_seen_before_the_next_is_sent(self):
        wire = self.begin_chunked("/v1/streams")
        wire.send(chunk(b"first"))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        wire.send(chunk(b"second") + b"0\r\n\r\n")
        receipt = wire.response().json()
        self.assertEqual((receipt["count"], receipt["size"]), (2, "11"))

    def test_a_service_that_fails_answers_after_the_upload(self):
        wire = self.begin_chunked("/v1/streams").send(chunk(b"fail"))
        self.let_it_turn(20)
        wire.send(chunk(b"more") + b"0\r\n\r\n")
        error = self.assert_error(wire.response(), 500, 15)
        self.assertEqual(error["message"], "broken off")

    def test_a_client_that_leaves_cancels(self):
        wire = self.begin_chunked("/v1/streams").send(chunk(b"first"))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        wire.abort()
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))

    def test_a_long_upload_to_a_slow_service_takes_no_memory(self):
        response, digest = self.upload_slowly("/v1/streams")
        receipt = response.json()
        self.assertEqual((int(receipt["size"]), receipt["digest"]),
                         (WHOLE, digest))


class Download(files.Scenario):
    def assert_stream(self, response, data, content_type):
        self.assertEqual(response.status, 200, response)
        self.assertTrue(response.is_complete)
        self.assertEqual(response.header("content-type"), content_type)
        self.assertEqual(response.header("transfer-encoding"), "chunked")
        self.assertEqual(response.body, data)

    def test_data_is_joined_under_the_first_content_type(self):
        response = self.ask_for("/v1/streams:watch", [
            body(ALL_BYTES, b"image/png"), body(b"\n"), body(b"", b"x/y"),
            body(ALL_BYTES, b"bad\r\ntype")])
        self.assert_stream(response, ALL_BYTES + b"\n" + ALL_BYTES,
                           "image/png")

    def test_a_field_of_each_message_is_the_body(self):
        response = self.ask_for("/v1/found:watch", [
            record(2, body(b"a", b"a/b")), record(1, b"n"),
            record(2, body(b"b"))])
        self.assert_stream(response, b"ab", "a/b")

    def test_the_first_message_may_have_no_data(self):
        response = self.ask_for("/v1/streams:watch",
                                [body(b"", b"a/b"), body(b"data")])
        self.assert_stream(response, b"data", "a/b")

    def test_without_a_content_type_it_is_an_octet_stream(self):
        self.assert_stream(
            self.ask_for("/v1/streams:watch", [body(b"a"), body(b"b", b"x")]),
            b"ab", "application/octet-stream")
        self.assert_stream(self.ask_for("/v1/streams:watch", []), b"",
                           "application/octet-stream")

    def test_the_head_waits_for_the_first_message(self):
        wire = self.wire().send(harness.request(
            "GET", "/v1/streams/n?greet=true&count=1&size=1"))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        self.backend.release.set()
        response = wire.response()
        self.assertEqual(response.header("content-type"), "video/x")
        self.assertEqual(response.header("grpc-metadata-x-greeting"),
                         "hello")

    def test_a_stream_that_fails_at_once_has_its_HTTP_status(self):
        self.assert_error(
            self.ask_for("/v1/streams:watch", [], code=5), 404, 5)
        self.assert_error(
            self.ask_for("/v1/streams:watch", [], code=5, greet=False),
            404, 5)

    def test_a_bad_first_message_has_its_HTTP_status(self):
        for wire in (b"\x12\x05a", body(b"a", b"a\r\nb: c")):
            self.assert_error(
                self.ask_for("/v1/streams:watch", [wire]), 500, 13)

    def test_a_stream_that_fails_late_breaks_after_its_data(self):
        for wires, code in (([body(b"data", b"a/b")], 15),
                            ([body(b"data", b"a/b"), b"\x12\x05a"], 0)):
            response = self.ask_for("/v1/streams:watch", wires, code=code)
            self.assertEqual(response.status, 200)
            self.assertEqual(response.header("content-type"), "a/b")
            self.assertEqual(response.body, b"data")
            self.assertFalse(response.is_complete)

    def test_a_message_over_the_limit_is_an_error_or_a_break(self):
        large = {"count": 1, "size": 5 * MIB}
        self.assert_error(
            self.ask_for("/v1/streams:watch", [], **large), 500, 8)
        response = self.ask_for("/v1/streams:watch",
                                [body(b"data", b"a/b")], **large)
        self.assertEqual((response.status, response.body), (200, b"data"))
        self.assertFalse(response.is_complete)

    def test_HEAD_has_no_body_and_ends_the_call(self):
        response = self.ask("HEAD", "/v1/streams/n?count=1000000&size=1000")
        self.assertEqual(response.status, 200)
        self.assertEqual(response.header("content-type"), "video/x")
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))

    def test_a_client_that_leaves_cancels(self):
        wire = self.wire().send(harness.request(
            "GET", "/v1/streams/n?count=1000000&size=1000"))
        wire.read_until(b"\r\n\r\n")
        wire.abort()
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))

    def test_a_long_download_to_a_slow_client_takes_no_memory(self):
        self.ask("GET", "/v1/streams/n?count=64&size=65536")
        self.download_slowly(
            harness.request("GET", "/v1/streams/n?count=%d&size=65536" % (
                WHOLE >> 16)),
            lambda data: self.assertEqual(data.count(b"v"), len(data)))


class Both(files.Scenario):
    def test_what_goes_up_comes_down(self):
        data = ALL_BYTES * 300
        response = self.send("POST", "/v1/mirror", data, "image/png")
        self.assertEqual((response.status, response.header("content-type")),
                         (200, "image/png"))
        self.assertEqual(response.body, data)

    def test_an_upload_goes_on_after_the_first_response(self):
        wire = self.begin_chunked("/v1/mirror", "a/b").send(chunk(b"one"))
        self.assertTrue(self.backend.conversed.wait(harness.PATIENCE))
        self.let_it_turn(20)
        wire.send(chunk(b"two") + b"0\r\n\r\n")
        response = wire.response()
        self.assertTrue(response.is_complete)
        self.assertEqual((response.body, response.header("content-type")),
                         (b"onetwo", "a/b"))


class Small(files.Scenario):
    more = "limits: {max_request_message: 16}\n"

    def test_no_message_is_over_the_limit(self):
        response = self.send("POST", "/v1/streams/n", ALL_BYTES, "a/b")
        wires = self.received(response)
        self.assertEqual(max(map(len, wires)), 16)
        self.assertEqual(
            b"".join(files.Upload.FromString(w).file.data for w in wires),
            ALL_BYTES)

    def test_what_leaves_no_room_for_data_is_413(self):
        self.assertEqual(
            self.send("POST", "/v1/streams", b"b", "a" * 11).status, 200)
        for n in (12, 13, 14):
            with self.subTest(n):
                self.assert_error(
                    self.send("POST", "/v1/streams", b"b", "a" * n), 413, 8)
        self.assertEqual(
            self.send("POST", "/v1/streams", b"", "a" * 14).status, 200)
        self.assert_error(
            self.send("POST", "/v1/streams", b"", "a" * 15), 413, 8)


if __name__ == "__main__":
    harness.main()
