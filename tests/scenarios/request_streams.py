# SPDX-License-Identifier: Apache-2.0
"""Request streams: values one after the other, or one array, as they come."""

import json

import harness
from harness import request
from streams import TYPES, messages

CONVERSE = "/sluice.test.v1.Everyday/Converse"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


class RequestStreams(harness.Scenario):
    def setUp(self):
        self.forget()

    def begin(self, target, accept="*/*"):
        return self.wire().send(
            "POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
            "Accept: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % (
                target, accept))

    def collect(self, body):
        return self.ask("POST", "/v1/collections", body)

    def test_an_array_is_a_stream_of_its_elements(self):
        for body, ids in (
                ('[{"id":"a"},{"id":"b"}]', "a,b"),
                (' [ {"id":"a"} ,\n {"id":"b"} , {} ] \n', "a,b,"),
                ('{"id":"a"}\r\n\r\n\t{"id":"b"}\r{"id":"c"}\r\n', "a,b,c"),
                ('\r\n[\r\n{"id":"a"}\r\n]\r\n', "a"),
                ("[]", ""), ("[{}]", ""), ("", ""), (" \n", ""),
                ('{"id":"a"}\n{"id":"b"}', "a,b"),
                ('{"id":"a"}{"id":"b"}\n\n', "a,b"),
                ('[{"id":"],[,"},{"tags":["x","y"],"id":"c"}]', "],[,,c")):
            response = self.collect(body)
            self.assertEqual(response.status, 200, body)
            self.assertEqual(response.json().get("id", ""), ids)

    def test_pieces_may_end_anywhere(self):
        body = b' [ {"id":"a"},\n{"id":"b\\u00e4"} ] '
        for cut in range(1, len(body)):
            wire = self.begin("/v1/collections").send(
                chunk(body[:cut]) + chunk(body[cut:]) + b"0\r\n\r\n")
            response = wire.response()
            self.assertEqual(response.json()["id"], "a,bä")
            wire.close()

    def test_an_element_is_seen_before_the_next_is_sent(self):
        for first, second in (('[{"id":"a"}', ',{"id":"b"}]'),
                              ('{"id":"a"}', '\n{"id":"b"}')):
            self.backend.conversed.clear()
            wire = self.begin(CONVERSE).send(chunk(first.encode()))
            self.assertTrue(self.backend.conversed.wait(harness.PATIENCE))
            wire.send(chunk(second.encode()) + b"0\r\n\r\n")
            self.assertEqual(
                [line["id"] for line in wire.response().lines()], ["a", "b"])

    def test_a_conversation_has_the_form_that_Accept_says(self):
        response = self.ask("POST", CONVERSE, '[{"id":"a"},{"id":"b"}]',
                            headers=[("Accept", "application/json")])
        self.assertEqual(json.loads(response.body),
                         [{"id": "a"}, {"id": "b", "index": 1}])

    def test_mistakes_between_elements_are_400_with_their_place(self):
        for body, text in (
                ('[{"id":"a"},]',
                 "expected a value, found ']' (line 1, column 13, byte 12)"),
                ('[{"id":"a"}\n {"id":"b"}]',
                 "expected ',' or ']', found '{' (line 2, column 2, byte 13)"),
                (b'\xef\xbb\xbf{}', "expected a value, found the byte 0xef "
                                  "(line 1, column 1, byte 0)"),
                ('{"id":"a"},{}', "expected a value, found ',' "
                                  "(line 1, column 11, byte 10)"),
                ('{"id":"a"} x', "expected a value, found 'x' "
                                 "(line 1, column 12, byte 11)"),
                ('{}\0', "expected a value, found the byte 0x00 "
                         "(line 1, column 3, byte 2)"),
                ('[{}] {}', "expected the end of the text, found '{' "
                            "(line 1, column 6, byte 5)"),
                ('[{}', "expected ',' or ']', found the end of the text "
                        "(line 1, column 4, byte 3)")):
            error = self.assert_error(self.collect(body), 400, 3)
            self.assertEqual(error["message"], "invalid body: " + text)

    def test_mistakes_within_values_count_from_the_beginning(self):
        for body, place in (
                ('[{"id":"a"},\n  {"code":"x"}]', "(line 2, column 11, byte 23)"),
                ('{"id":"a"} {"code":"x"}', "(line 1, column 20, byte 19)"),
                ('{}\n{}\n{"id":', "(line 3, column 7, byte 12)"),
                ('[{},\n{\n"id" 1}]', "(line 3, column 6, byte 12)")):
            error = self.assert_error(self.collect(body), 400, 3)
            self.assertTrue(error["message"].endswith(place), error)

    def test_a_mistake_cancels_the_call(self):
        before = len(self.backend.calls)
        self.assert_error(self.collect('[{"id":"a"},5]'), 400, 3)
        self.assertEqual(self.collect("[]").status, 200)
        self.assertLessEqual(len(self.backend.calls), before + 2)

    def test_a_mistake_amid_a_conversation_comes_after_what_was_answered(self):
        for accept in TYPES:
            wire = self.begin(CONVERSE, accept).send(chunk(b'{"id":"a"}'))
            self.assertTrue(self.backend.conversed.wait(harness.PATIENCE))
            self.assertEqual(self.ask("GET", "/v1/orders/1").status, 200)
            self.backend.conversed.clear()
            wire.send(chunk(b'{"id":1}') + b"0\r\n\r\n")
            response = wire.response()
            # The first answer may have been on its way.
            if response.status == 400:
                self.assert_error(response, 400, 3)
                continue
            got, status = messages(accept, response.body)
            self.assertEqual(([one["id"] for one in got], status["code"]),
                             (["a"], 3))


class HalfDuplex(harness.Scenario):
    """Answers wait until the requests have come."""

    more = "timeouts: {body: 1s}\n"
    backend_options = (("grpc.http2.bdp_probe", 0),
                       ("grpc.http2.lookahead_bytes", 65536))

    def test_who_waits_for_each_other_is_parted(self):
        body = b'{"id":"%s"}' % (b"x" * 10000) * 300
        for accept in TYPES:
            wire = self.wire().send(request(
                "POST", CONVERSE, body, [("Accept", accept)]))
            response = wire.response()
            self.assertEqual(response.status, 200)
            got, status = messages(accept, response.body)
            self.assertGreater(len(got), 0)
            self.assertEqual(status["code"], 8)
            self.assertIn("WebSocket", status["message"])
        self.gateway.wait_for('outcome="half-duplex"', 3)

    def test_answers_that_fit_are_held(self):
        body = b'{"id":"%s"}' % (b"x" * 10000) * 5
        response = self.ask("POST", CONVERSE, body)
        self.assertEqual(len(response.lines()), 5)


if __name__ == "__main__":
    harness.main()
