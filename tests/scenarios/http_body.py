# SPDX-License-Identifier: Apache-2.0
"""google.api.HttpBody in unary calls: bytes pass as they are, both ways."""

import json
import subprocess

from google.protobuf import json_format

import files
import harness
from files import ALL_BYTES, body, record

LIMIT = 4 << 20


class Upload(files.Scenario):
    def test_a_body_goes_into_the_field_that_is_named(self):
        response = self.send("PUT", "/v1/files/n", ALL_BYTES, "image/png")
        self.assertEqual(self.received(response), [
            record(2, body(ALL_BYTES, b"image/png")) + record(1, b"n")])

    def test_a_body_may_be_the_whole_message(self):
        response = self.send("POST", "/v1/raw", ALL_BYTES, "image/png")
        self.assertEqual(self.received(response),
                         [body(ALL_BYTES, b"image/png")])

    def test_the_route_by_method_name_takes_bytes_as_well(self):
        response = self.send("POST", "/sluice.test.v1.Files/PutRaw",
                             b'{"data": "AA=="}', "application/json")
        self.assertEqual(self.received(response),
                         [body(b'{"data": "AA=="}', b"application/json")])

    def test_a_field_inside_a_message_stays_JSON(self):
        response = self.ask("POST", "/sluice.test.v1.Files/Put",
                            {"file": {"contentType": "a/b", "data": "AAE="}})
        self.assertEqual(self.received(response),
                         [record(2, body(b"\0\1", b"a/b"))])

    def test_a_route_without_a_body_gives_the_fields_by_query(self):
        response = self.ask("GET", "/v1/raw?data=AAE%3D&content_type=a/b")
        self.assertEqual(files.HttpBody.FromString(
            self.received(response)[0]).data, b"\0\1")

    def test_the_content_type_is_passed_on_as_it_was_sent(self):
        for text in ("text/plain;charset=latin1", "x", 'a/b; q="é"',
                     "multipart/form-data; boundary=----x", "a" * 3000):
            with self.subTest(text):
                lines = b"POST /v1/raw HTTP/1.1\r\nHost: a\r\n" \
                    b"Content-Length: 1\r\nContent-Type: " + text.encode()
                response = self.wire().send(lines + b"\r\n\r\nb").response()
                self.assertEqual(self.received(response),
                                 [body(b"b", text.encode())])

    def test_without_a_content_type_there_is_none(self):
        for content_type in (None, ""):
            self.assertEqual(
                self.received(self.send("POST", "/v1/raw", b"b",
                                        content_type)), [body(b"b")])

    def test_a_content_type_that_is_not_UTF_8_is_400(self):
        self.assert_error(
            self.send("POST", "/v1/raw", b"b", "a/\xff"), 400, 3)
        self.assert_error(
            self.send("POST", "/v1/raw", b"", "a/\xff"), 400, 3)

    def test_an_empty_body_is_an_empty_message(self):
        self.assertEqual(
            self.received(self.send("POST", "/v1/raw")), [b""])
        self.assertEqual(
            self.received(self.send("POST", "/v1/raw", b"", "a/b")),
            [body(b"", b"a/b")])
        self.assertEqual(
            self.received(self.send("PUT", "/v1/files/n")),
            [record(2, b"") + record(1, b"n")])
        self.assertEqual(
            self.received(self.send_chunked("/v1/raw", [], "a/b")),
            [body(b"", b"a/b")])

    def test_chunks_are_put_together(self):
        for sizes in ([1], [1, 1, 1], [127], [128], [100, 28], [16383],
                      [16384], [200000, 1], [5] * 1000):
            with self.subTest(sizes):
                pieces = [bytes([i & 255]) * n for i, n in enumerate(sizes)]
                response = self.send_chunked(
                    "/v1/files/n", pieces, "a/b", method="PUT")
                self.assertEqual(
                    self.received(response),
                    [record(2, body(b"".join(pieces), b"a/b"))
                     + record(1, b"n")])

    def test_path_and_query_give_the_other_fields(self):
        response = self.send(
            "PUT", "/v1/files/n/notes/t?note.number=5", b"\0\xff", "a/b")
        self.assertEqual(
            self.received(response),
            [record(2, body(b"\0\xff", b"a/b")) + record(1, b"n")
             + record(3, b"\x0a\x01t\x10\x05")])

    def test_the_path_wins_over_the_header(self):
        upload = files.Upload.FromString(self.received(
            self.send("PUT", "/v1/typed/image/png", b"b", "a/b"))[0])
        self.assertEqual((upload.file.content_type, upload.file.data),
                         ("image/png", b"b"))
        raw = files.HttpBody.FromString(self.received(
            self.send("PUT", "/v1/raw/image/png", b"b", "a/b"))[0])
        self.assertEqual((raw.content_type, raw.data), ("image/png", b"b"))

    def test_a_query_for_what_the_body_gives_is_400(self):
        self.assert_error(self.send(
            "PUT", "/v1/files/n?file.content_type=a", b"b"), 400, 3)
        self.assert_error(
            self.send("POST", "/v1/raw?content_type=a", b"b"), 400, 3)
        self.assert_error(
            self.send("PUT", "/v1/pages/n?link=a", b"b"), 400, 3)

    def test_a_coded_body_is_415(self):
        self.assert_error(self.ask(
            "POST", "/v1/raw", b"x", [("Content-Encoding", "gzip"),
                                      ("Content-Type", "a/b")]), 415, 12)

    def test_the_largest_message_passes_and_one_byte_more_is_413(self):
        # A tag and a length of four bytes stand before the data.
        largest = bytes(LIMIT - 5)
        response = self.send("POST", "/v1/raw", largest)
        self.assertEqual(int(response.json()["size"]), LIMIT - 5)
        response = self.send_chunked(
            "/v1/raw", [largest[:1 << 20]] * 3 + [largest[3 << 20:]])
        self.assertEqual(int(response.json()["size"]), LIMIT - 5)
        for n in (LIMIT - 4, LIMIT, LIMIT + 1):
            with self.subTest(n):
                self.assert_error(
                    self.send("POST", "/v1/raw", bytes(n)), 413, 8)
                self.assert_error(self.send_chunked(
                    "/v1/raw", [bytes(n - 100), bytes(100)]), 413, 8)

    def test_what_is_announced_too_long_is_413_before_it_is_sent(self):
        for n in (LIMIT - 4, LIMIT + 1, 1 << 62):
            response = self.wire().send(
                "POST /v1/raw HTTP/1.1\r\nHost: a\r\nExpect: 100-continue"
                "\r\nContent-Length: %d\r\n\r\n" % n).response()
            self.assert_error(response, 413, 8)
            self.assertEqual(response.header("connection"), "close")

    def test_a_connection_takes_one_upload_after_the_other(self):
        wire = self.wire().send(b"".join(
            b"POST /v1/raw HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
            % (n, b"x" * n) for n in (1, 0, 5000, 200)))
        for n in (1, 0, 5000, 200):
            self.assertEqual(self.received(wire.response()),
                             [body(b"x" * n)])

    def test_a_client_that_leaves_is_not_an_upload(self):
        seen = len(self.backend.seen)
        wire = self.wire().send(
            "POST /v1/raw HTTP/1.1\r\nHost: a\r\n"
            "Content-Length: 10\r\n\r\nhalf").half_close()
        self.assertEqual(wire.to_end(), b"")
        self.gateway.wait_for('status=499 .*path="/v1/raw"')
        self.send("POST", "/v1/raw", b"b")
        self.assertEqual(len(self.backend.seen), seen + 1)


class Download(files.Scenario):
    def assert_is(self, response, data, content_type):
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.header("content-type"), content_type)
        self.assertEqual(response.header("content-length"), str(len(data)))
        self.assertEqual(response.body, data)

    def test_a_message_is_the_body_of_the_answer(self):
        self.assert_is(
            self.ask_for("/v1/files:get", [body(ALL_BYTES, b"image/png")]),
            ALL_BYTES, "image/png")

    def test_a_field_is_the_body_of_the_answer(self):
        found = record(1, b"n") + record(2, body(ALL_BYTES, b"image/png"))
        self.assert_is(self.ask_for("/v1/found:file", [found]),
                       ALL_BYTES, "image/png")
        self.assertEqual(
            self.ask_for("/v1/found", [found]).json()["name"], "n")

    def test_the_route_by_method_name_gives_bytes_as_well(self):
        self.assert_is(
            self.ask("POST", "/sluice.test.v1.Files/Get", {"name": "n"}),
            b"n", "text/plain")

    def test_a_field_of_it_is_JSON(self):
        response = self.ask("GET", "/v1/data/n")
        self.assertEqual((response.header("content-type"), response.body),
                         ("application/json", b'"bg=="'))

    def test_without_a_content_type_it_is_an_octet_stream(self):
        for wire in (body(b"b"), body(b"b", b"  ")):
            self.assert_is(self.ask_for("/v1/files:get", [wire]), b"b",
                           "application/octet-stream")

    def test_an_empty_answer_keeps_its_type(self):
        self.assert_is(self.ask_for("/v1/files:get", [body(b"", b"a/b")]),
                       b"", "a/b")
        for target, wire in (("/v1/files:get", b""),
                             ("/v1/found:file", record(1, b"n"))):
            self.assert_is(self.ask_for(target, [wire]), b"",
                           "application/octet-stream")

    def test_HEAD_is_GET_without_the_body(self):
        response = self.ask("HEAD", "/v1/files/name")
        self.assertEqual(response.status, 200)
        self.assertEqual(response.header("content-length"), "4")
        self.assertEqual(response.header("content-type"), "text/plain")

    def test_pieces_are_merged_and_the_last_value_counts(self):
        file = record(2, body(b"old", b"x/y")) + record(1, b"n") \
            + record(2, record(2, b"new")) + record(2, record(1, b"a/b"))
        self.assert_is(self.ask_for("/v1/found:file", [file]), b"new", "a/b")
        self.assert_is(
            self.ask_for("/v1/files:get", [body(b"old") + body(b"new")]),
            b"new", "application/octet-stream")

    def test_another_member_of_the_oneof_takes_its_place(self):
        page = record(4, body(b"page", b"a/b"))
        self.assert_is(self.ask_for("/v1/found:page", [page]),
                       b"page", "a/b")
        self.assert_is(
            self.ask_for("/v1/found:page", [page + record(5, b"link")]),
            b"", "application/octet-stream")
        self.assert_is(
            self.ask_for("/v1/found:page",
                         [page + record(5, b"") + record(4, body(b"p"))]),
            b"p", "application/octet-stream")

    def test_unknown_fields_are_passed_over(self):
        unknown = record(99, b"x") + b"\x1b\x08\x01\x1c" + b"\x20\x05" \
            + b"\x35abcd" + b"\x39abcdefgh"
        self.assert_is(
            self.ask_for("/v1/files:get",
                         [unknown + body(b"b", b"a/b") + unknown]),
            b"b", "a/b")

    def test_broken_wire_format_is_500(self):
        for wire in (b"\x12", b"\x12\x02a", b"\x0a\x80", b"\x0b", b"\x0c",
                     b"\x07", b"\x00\x00", body(b"a") + b"\x12\x02a",
                     b"\x1b", b"\x1b\x24", b"\x0a" + b"\xff" * 9 + b"\x01"):
            for target, whole in (("/v1/files:get", wire),
                                  ("/v1/found:file", record(2, wire)),
                                  ("/v1/found:file", wire)):
                with self.subTest(target=target, wire=wire):
                    error = self.assert_error(
                        self.ask_for(target, [whole]), 500, 13)
                    self.assertIn("is not a valid", error["message"])

    def test_no_content_type_breaks_the_head(self):
        for text in (b"a/b\r\nSet-Cookie: x", b"a/b\nX: y", b"a\0b", b"\x7f",
                     "é".encode(), b"\xff", b"a" * 257, b"\r", b"a\x01b"):
            with self.subTest(text):
                response = self.ask_for("/v1/files:get", [body(b"b", text)])
                error = self.assert_error(response, 500, 13)
                self.assertEqual(
                    error["message"],
                    "the backend's answer has an invalid content type")
                self.assertIsNone(response.header("set-cookie"))
        self.assert_is(self.ask_for("/v1/files:get",
                                    [body(b"b", b"a" * 256)]),
                       b"b", "a" * 256)

    def test_errors_stay_JSON(self):
        response = self.ask("GET", "/v1/files/n?code=5")
        self.assertEqual(self.assert_error(response, 404, 5)["message"],
                         "as asked")

    def test_a_large_answer_passes(self):
        data = ALL_BYTES * 12000
        self.assert_is(self.ask_for("/v1/files:get", [body(data, b"a/b")]),
                       data, "a/b")

    def test_one_access_line_tells_the_bytes(self):
        self.ask("GET", "/v1/files/logged")
        self.assertIn(" out=6 ",
                      self.gateway.wait_for('path="/v1/files/logged"'))


class Explain(files.Scenario):
    def explain(self, method, target, data, *options):
        result = subprocess.run(
            [harness.PROGRAM, "explain", "--json", "--body", "-", "-c",
             self.route_file(1, name="explained.yaml"), *options, method,
             target],
            input=data, capture_output=True, timeout=harness.PATIENCE)
        self.assertEqual(result.stderr, b"")
        return json.loads(result.stdout)

    def test_the_message_is_what_the_backend_gets(self):
        for method, target, type_of in (
                ("POST", "/v1/raw", files.HttpBody),
                ("PUT", "/v1/raw/image/png", files.HttpBody),
                ("PUT", "/v1/typed/image/png", files.Upload),
                ("PUT", "/v1/files/n/notes/t?note.number=5", files.Upload)):
            with self.subTest(target):
                explained = self.explain(method, target, ALL_BYTES,
                                         "--content-type", "a/b")
                self.assertNotIn("answer", explained)
                got, = self.received(
                    self.send(method, target, ALL_BYTES, "a/b"))
                self.assertEqual(
                    explained["messages"],
                    [json_format.MessageToDict(type_of.FromString(got))])

    def test_a_refusal_is_the_answer_of_the_gateway(self):
        for target, size, content_type in (
                ("/v1/raw", LIMIT, "a/b"), ("/v1/raw", LIMIT + 1, "a/b"),
                ("/v1/raw?data=a", 1, "a/b"), ("/v1/found", 1, "a/b")):
            with self.subTest(target=target, size=size):
                explained = self.explain("POST", target, bytes(size),
                                         "--content-type", content_type)
                response = self.send("POST", target, bytes(size),
                                     content_type)
                self.assertEqual(explained["answer"]["status"],
                                 response.status)
                self.assertEqual(explained["answer"]["message"],
                                 response.json()["message"])


class Small(files.Scenario):
    more = "limits: {max_request_message: 16}\n"

    def test_the_limit_holds_to_the_byte(self):
        for n, status in ((0, 200), (1, 200), (14, 200), (15, 413)):
            with self.subTest(n):
                self.assertEqual(
                    self.send("POST", "/v1/raw", bytes(n)).status, status)
                self.assertEqual(
                    self.send_chunked("/v1/raw", [bytes(n)] if n else [])
                    .status, status)

    def test_path_and_type_count(self):
        # file{data} takes four bytes beside its data, a name two.
        for name, n, status in (("n" * 9, 1, 200), ("n" * 10, 1, 413),
                                ("n", 9, 200), ("n", 10, 413)):
            with self.subTest(name):
                self.assertEqual(self.send(
                    "PUT", "/v1/files/" + name, bytes(n)).status, status)
                self.assertEqual(self.send_chunked(
                    "/v1/files/" + name, [bytes(n)], method="PUT").status,
                    status)
        self.assertEqual(
            self.send("POST", "/v1/raw", b"b", "a" * 11).status, 200)
        self.assertEqual(
            self.send("POST", "/v1/raw", b"b", "a" * 12).status, 413)


if __name__ == "__main__":
    harness.main()
