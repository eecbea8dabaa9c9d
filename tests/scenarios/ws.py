# SPDX-License-Identifier: Apache-2.0
"""RPCs over WebSocket against the official gRPC: every cardinality, both
forms."""

import os
import subprocess
import unittest

import harness
from harness import Answer, Order
from websocket import STATUS, Client

METHOD = "/sluice.test.v1.Everyday/%s"


class WebSocket(harness.Scenario):
    def open(self, target, *arguments, **more):
        return Client(self, target, *arguments, **more)

    # ---- Cardinalities

    def test_a_unary_call_is_one_message_each_way(self):
        client = self.open(METHOD % "Obey").send({"id": "a", "size": 3})
        answer = client.json()
        self.assertEqual((answer["id"], answer["text"]), ("a", "xxx"))
        client.expect_close(1000)

    def test_a_GET_route_needs_no_message(self):
        client = self.open("/v1/orders/7?size=2")
        self.assertEqual(client.json()["text"], "xx")
        client.expect_close(1000)

    def test_a_server_stream_is_many_messages(self):
        client = self.open("/v1/streams/s?count=5")
        self.assertEqual([client.json().get("index", 0) for _ in range(5)],
                         [0, 1, 2, 3, 4])
        client.expect_close(1000)

    def test_a_client_stream_ends_with_an_empty_text_message(self):
        client = self.open("/v1/collections")
        for name in "abc":
            client.send({"id": name})
        self.assertEqual(client.end().json(), {"id": "a,b,c", "index": 3})
        client.expect_close(1000)

    def test_an_empty_stream_both_ways(self):
        self.open(METHOD % "Converse").end().expect_close(1000)

    def test_bidi_goes_in_lockstep(self):
        client = self.open(METHOD % "Converse")
        for i in range(100):
            client.send({"id": "n%d" % i})
            answer = client.json()
            self.assertEqual((answer["id"], answer.get("index", 0)),
                             ("n%d" % i, i))
        client.end().expect_close(1000)

    def test_an_empty_text_message_stands_for_an_empty_request(self):
        client = self.open(METHOD % "Nothing").end()
        self.assertEqual(client.json(), {})
        client.expect_close(1000)

    # ---- Forms

    def test_binary_messages_are_protobuf(self):
        client = self.open(METHOD % "Converse")
        for i in range(3):
            client.send(Order(id="b%d" % i).SerializeToString())
            self.assertEqual(client.binary(Answer).id, "b%d" % i)
        client.end().expect_close(1000)

    def test_an_empty_binary_message_is_a_message(self):
        client = self.open("/v1/collections").send(b"").send(b"").end()
        self.assertEqual(client.binary(Answer).index, 2)
        client.expect_close(1000)

    def test_answers_follow_the_first_message(self):
        client = self.open(METHOD % "Converse")
        client.send(Order(id="a").SerializeToString())
        self.assertEqual(client.binary(Answer).id, "a")
        client.send({"id": "b"})
        self.assertEqual(client.binary(Answer).id, "b")
        client.end().expect_close(1000)

    def test_a_subprotocol_settles_the_form(self):
        client = self.open("/v1/streams/s?count=1", "chat, sluice.proto")
        self.assertEqual(client.headers["sec-websocket-protocol"],
                         "sluice.proto")
        self.assertEqual(client.binary(Answer).id, "s")
        client.expect_close(1000)

    def test_an_unknown_subprotocol_is_not_chosen(self):
        client = self.open("/v1/orders/1", "chat")
        self.assertNotIn("sec-websocket-protocol", client.headers)
        client.json()
        client.expect_close(1000)

    def test_the_other_form_is_refused_with_1003(self):
        for protocol, message in (("sluice.json", b""),
                                  ("sluice.json", b"x"),
                                  ("sluice.proto", "{}")):
            with self.subTest(protocol):
                client = self.open("/v1/collections", protocol).send(message)
                client.expect_close(1003, protocol)

    def test_large_messages_pass_both_ways(self):
        text = "y" * (1 << 20)
        client = self.open("/v1/echo").send({"name": text})
        self.assertEqual(client.json(), {"name": text})
        client.expect_close(1000)

    def test_body_fields_and_path_variables(self):
        client = self.open("/v1/echo/n?i32=5")
        self.assertEqual(client.json(), {"name": "n", "i32": 5})
        client.expect_close(1000)


class Metadata(harness.Scenario):
    """The service's, for who asks for it."""

    tags = ["a=1", "a=2", "raw-bin=abab", "t:b=3", "t:grpc-x=4"]
    initial = {"metadata": {"a": ["1", "2"], "raw-bin": ["q6s"]}}

    def open(self, *arguments):
        return Client(self, *arguments)

    def ask_for_it(self, target, form="json", **more):
        client = self.open(target, "sluice.%s+metadata" % form)
        return client.send({"response_metadata": True, **more})

    def expect_end(self, client, code, metadata, close_code=None):
        end = client.json()
        self.assertEqual(end["@type"], STATUS)
        self.assertEqual((end["code"], end["metadata"]), (code, metadata))
        client.expect_close(close_code or (code and 4000 + code) or 1000)
        return end

    def test_a_unary_call(self):
        client = self.ask_for_it(METHOD % "Obey").send({"tags": self.tags})
        self.assertEqual(client.json(), self.initial)
        self.assertIn("metadata", client.json())  # of the message itself
        end = self.expect_end(client, 0, {"b": ["3"]})
        self.assertEqual((end["message"], end["details"]), ("", []))

    def test_the_binary_form_has_it_as_text(self):
        client = self.ask_for_it(METHOD % "Obey", "proto")
        client.send(Order(id="a", tags=self.tags).SerializeToString())
        self.assertEqual(client.json(), self.initial)
        self.assertEqual(client.binary(Answer).id, "a")
        self.expect_end(client, 0, {"b": ["3"]})

    def test_a_call_that_fails(self):
        client = self.ask_for_it(METHOD % "Obey")
        client.send({"tags": self.tags, "code": 5, "message": "no"})
        self.assertEqual(client.json(), self.initial)
        end = self.expect_end(client, 5, {"b": ["3"]})
        self.assertEqual(end["message"], "no")

    def test_a_stream_has_it_before_and_after_its_messages(self):
        client = self.ask_for_it("/v1/streams/s?count=3&tags=t:b=3")
        self.assertEqual(client.json(), {"metadata": {}})
        self.assertEqual([client.json()["id"] for _ in range(3)], ["s"] * 3)
        self.expect_end(client, 0, {"b": ["3"]})

    def test_it_does_not_wait_for_the_first_message(self):
        self.backend.release.clear()
        self.addCleanup(self.backend.release.set)
        client = self.ask_for_it("/v1/streams/s?tags=a=1&hang=true&tags=t:b=2")
        self.assertEqual(client.json(), {"metadata": {"a": ["1"]}})
        self.backend.release.set()
        self.expect_end(client, 0, {"b": ["2"]})

    def test_an_error_of_the_gateway_has_none(self):
        client = self.ask_for_it(METHOD % "Obey").send("{")
        self.assertEqual(client.json(), {"metadata": {}})
        self.expect_end(client, 3, {})

    def test_a_deadline(self):
        client = self.ask_for_it("/v1/streams/s?hang=true&tags=a=1",
                                 timeout="0.3s")
        self.assertEqual(client.json(), {"metadata": {"a": ["1"]}})
        self.expect_end(client, 4, {})

    def test_who_does_not_ask_has_none(self):
        for wish in ({}, {"response_metadata": False}):
            client = self.open(METHOD % "Obey", "sluice.json+metadata")
            client.send(wish).send({"id": "a", "tags": self.tags})
            self.assertEqual(client.json()["id"], "a")
            client.expect_close(1000)

    def test_what_is_wrong_with_the_wish_is_told_by_a_status_alone(self):
        for wrong in ('{"response_metadata": 1}',
                      '{"response_metadata": true, "x": 1}'):
            client = self.open(METHOD % "Obey", "sluice.json+metadata")
            client.send(wrong).expect_status(3, "invalid metadata")


class Module(harness.Scenario):
    def test_the_client_module_in_Node(self):
        done = subprocess.run(
            ["node", os.path.join(harness.SOURCE, "tests", "web",
                                  "websocket_module.mjs")],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=harness.PATIENCE, env={
                **os.environ,
                "GATEWAY": "http://127.0.0.1:%d" % self.gateway.port})
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(done.stdout.count("ok "), 6, done.stdout)


class Demo(unittest.TestCase):
    """In process: no HTTP/2 in between."""

    @classmethod
    def setUpClass(cls):
        cls.gateway = harness.Gateway("demo", "--listen", "127.0.0.1:0")

    @classmethod
    def tearDownClass(cls):
        cls.gateway.stop()

    def wire(self, port=None):
        wire = harness.Wire(port or self.gateway.port)
        self.addCleanup(wire.close)
        return wire

    def test_a_discussion_goes_in_lockstep(self):
        books = Client(self, "/v1/shelves/classics/books").json()["books"]
        client = Client(self, "/v1/books:discuss")
        for i in range(10):
            client.send({"name": books[0]["name"], "text": "Page %d?" % i})
            self.assertEqual(client.json()["name"], books[0]["name"])
        client.end().expect_close(1000)

    def test_a_list_is_read(self):
        client = Client(self, "/v1/shelves")
        self.assertIn("shelves", client.json())
        client.expect_close(1000)

    def test_what_is_not_there_is_4005(self):
        Client(self, "/v1/shelves/none").expect_status(5)


if __name__ == "__main__":
    harness.main()
