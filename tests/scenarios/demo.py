# SPDX-License-Identifier: Apache-2.0
"""The built-in library, as the README shows it, by curl, and by gRPC."""

import json
import os
import re
import subprocess
import unittest

import grpc

import harness
import websocket
from harness import Gateway

PACKAGE = "sluice.example.library.v1."


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = Gateway("demo", "--listen", "127.0.0.1:0",
                              "--grpc", "127.0.0.1:0")
        line = cls.gateway.wait_for(r"serving gRPC on ")
        cls.channel = grpc.insecure_channel(line.split()[-1])
        cls.messages = harness.Messages(os.path.join(
            harness.BUILD, "examples/library/library.pb"))

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()
        status = cls.gateway.stop()
        if status != 0:
            raise AssertionError("exit status %s" % status)

    def curl(self, *arguments):
        """(status, body) of one curl command."""
        *options, path = arguments
        out = subprocess.run(
            ["curl", "-sS", "-w", "\n%{http_code}", *options,
             "http://127.0.0.1:%d%s" % (self.gateway.port, path)],
            check=True, capture_output=True, text=True,
            timeout=harness.PATIENCE).stdout
        body, status = out.rsplit("\n", 1)
        return int(status), body

    def wire(self, port):
        wire = harness.Wire(port or self.gateway.port)
        self.addCleanup(wire.close)
        return wire

    def test_the_talk_of_the_page_about_WebSocket(self):
        with open(os.path.join(harness.SOURCE, "docs/websocket.md")) as f:
            talk = re.search(r"```\n-> +GET (\S+), .*\n(<-.*\n(?s:.*?))```",
                             f.read())
        client = websocket.Client(self, talk.group(1))
        told = 0
        for line in talk.group(2).splitlines()[1:]:
            to, kind, what = line.split(None, 2)
            if (to, kind) == ("<-", "text"):
                self.assertEqual(client.json(), json.loads(what))
                told += 1
            elif (to, kind) == ("<-", "close"):
                client.expect_close(int(what))
            elif kind == "text":
                client.send("" if what.startswith("(") else what)
        self.assertEqual(told, 2)

    def test_a_book_lives_its_life(self):
        status, body = self.curl(
            "-d", '{"title":"Solaris","author":"Stanislaw Lem","year":1961}',
            "-H", "Content-Type: application/json",
            "/v1/shelves/classics/books")
        self.assertEqual(status, 200, body)
        book = json.loads(body)
        self.assertTrue(book["name"].startswith("shelves/classics/books/"))
        path = "/v1/" + book["name"]
        self.assertEqual(json.loads(self.curl(path)[1]), book)
        status, body = self.curl(
            "-X", "PATCH", "-d", '{"year":1962}', "-H",
            "Content-Type: application/json",
            path + "?update_mask=year")
        self.assertEqual(status, 200, body)
        self.assertEqual(json.loads(body)["year"], 1962)
        self.assertEqual(json.loads(body)["title"], "Solaris")
        changed = dict(json.loads(body), title="Solaris 2", year=None,
                       price={"currencyCode": "EUR", "units": "7"})
        status, body = self.curl(
            "-X", "PATCH", "-d", json.dumps(changed), "-H",
            "Content-Type: application/json", path)
        self.assertEqual(status, 200, body)
        del changed["year"]
        self.assertEqual(json.loads(body), changed)
        status, body = self.curl(
            "-X", "PATCH", "-d", '{"price":{"nanos":5}}', "-H",
            "Content-Type: application/json", path)
        self.assertEqual(status, 200, body)
        changed["price"]["nanos"] = 5
        self.assertEqual(json.loads(body), changed)
        status, body = self.curl("/v1/shelves/classics/books?page_size=100")
        self.assertEqual(status, 200, body)
        self.assertIn(book["name"],
                      [b["name"] for b in json.loads(body)["books"]])
        self.assertEqual(self.curl("-X", "DELETE", path), (200, "{}"))
        status, body = self.curl(path)
        self.assertEqual(status, 404)
        self.assertEqual(json.loads(body)["code"], 5)

    def test_a_missing_book_is_a_Status(self):
        status, body = self.curl("/v1/shelves/classics/books/none")
        self.assertEqual(status, 404)
        error = json.loads(body)
        self.assertEqual(error["code"], 5)
        self.assertIn("books/none", error["message"])
        self.assertEqual(error["details"][0]["@type"],
                         "type.googleapis.com/google.rpc.ResourceInfo")

    def test_a_stream_is_lines(self):
        status, body = self.curl("/v1/shelves/classics/books?page_size=1")
        name = json.loads(body)["books"][0]["name"]
        status, body = self.curl("/v1/%s:read" % name)
        self.assertEqual(status, 200, body)
        pages = [json.loads(line) for line in body.splitlines()]
        self.assertGreater(len(pages), 1)

    def test_wrong_input_is_explained(self):
        status, body = self.curl(
            "-d", '{"title":"x","year":"soon"}', "-H",
            "Content-Type: application/json", "/v1/shelves/classics/books")
        self.assertEqual(status, 400)
        violation = json.loads(body)["details"][0]["fieldViolations"][0]
        self.assertIn("year", violation["field"])

    def call(self, method, request, answer, **fields):
        """One unary call by gRPC."""
        return self.channel.unary_unary(
            "/%sLibrary/%s" % (PACKAGE, method),
            request_serializer=lambda m: m.SerializeToString(),
            response_deserializer=self.messages.type(PACKAGE + answer).FromString,
        )(self.messages.type(PACKAGE + request)(**fields),
          timeout=harness.PATIENCE)

    def test_grpc_clients_see_the_same_books(self):
        status, body = self.curl(
            "-d", '{"title":"Eden"}', "-H", "Content-Type: application/json",
            "/v1/shelves/classics/books")
        self.assertEqual(status, 200, body)
        name = json.loads(body)["name"]
        book = self.call("GetBook", "GetBookRequest", "Book", name=name)
        self.assertEqual(book.title, "Eden")

        self.channel.unary_unary("/%sLibrary/DeleteBook" % PACKAGE)(
            self.messages.type(PACKAGE + "DeleteBookRequest")(
                name=name).SerializeToString(), timeout=harness.PATIENCE)
        self.assertEqual(self.curl("/v1/" + name)[0], 404)
        with self.assertRaises(grpc.RpcError) as raised:
            self.call("GetBook", "GetBookRequest", "Book", name=name)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.NOT_FOUND)
        self.assertIn(name, raised.exception.details())

    def test_grpc_clients_get_streams(self):
        pages = list(self.channel.unary_stream(
            "/%sLibrary/ReadBook" % PACKAGE,
            response_deserializer=self.messages.type(PACKAGE + "Page").FromString,
        )(self.messages.type(PACKAGE + "ReadBookRequest")(
            name="shelves/classics/books/moby-dick",
            page_count=300).SerializeToString(), timeout=harness.PATIENCE))
        self.assertEqual([page.number for page in pages],
                         list(range(1, 301)))

    def test_a_grpc_address_in_use_ends_the_program(self):
        address = self.gateway.wait_for(r"serving gRPC on ").split()[-1]
        done = subprocess.run(
            [harness.PROGRAM, "demo", "--listen", "127.0.0.1:0", "--grpc",
             address], capture_output=True, text=True,
            timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot serve gRPC on " + address, done.stderr)

    def test_health(self):
        self.assertEqual(self.curl("/healthz")[0], 200)


if __name__ == "__main__":
    harness.main()
