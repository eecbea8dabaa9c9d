# SPDX-License-Identifier: Apache-2.0
"""System calls that are interrupted, have nothing yet, or move one byte: every
answer, in each form, is what it would be without. Those that fail for good cost
the connection or the request that they were for, and nobody else."""

import errno

import forms
import harness
import http2
import websocket
from faults import Faults
from forms import BOTH_WAYS, DOWNLOADS, UNARY, UPLOADS, each
from harness import Answer, request

LONG = "x" * 700        # no length of it fits in one byte

# Of 1000 calls. Everything byte by byte is a schedule, too.
SCHEDULES = [
    dict(interrupt=500),
    dict(not_now=500),
    dict(one_byte=1000),
    dict(seed=1, interrupt=150, not_now=150, one_byte=300),
]


class Scenario(forms.Scenario):
    @classmethod
    def setUpClass(cls):
        cls.faults = None
        super().setUpClass()

    @classmethod
    def start(cls, port, more=None, pour=""):
        cls.faults = Faults(cls.directory.name)
        return harness.Gateway("serve", "-c", cls.route_file(port, more),
                               environment=cls.faults.environment)

    def setUp(self):
        super().setUp()
        self.faults.rest()
        self.addCleanup(self.faults.rest)


class Soft(Scenario):
    """Over all of them, in one table of forms after the other."""

    def each_schedule(self, table, run):
        for schedule in SCHEDULES:
            self.faults.schedule(**schedule)
            for form in table:
                with self.subTest(str(form), **schedule):
                    run(form)
        self.faults.rest()

    def test_streams_of_responses(self):
        def run(form):
            stream = form.open(self)
            call = self.backend.next_call()
            for text in ("one ", LONG, "two "):
                call.message(form.payload(text))
            call.end()
            form.ends_well(self, stream.begin().to_end(), "one %stwo " % LONG)

        self.each_schedule(DOWNLOADS, run)

    def test_streams_of_responses_that_fail(self):
        def run(form):
            stream = form.open(self)
            call = self.backend.next_call()
            call.message(form.payload("one "))
            stream.begin()
            call.end(15, "broken off")
            form.fails(self, stream.to_end(), "one ", 15, "broken off")

        self.each_schedule(DOWNLOADS, run)

    def test_streams_of_requests(self):
        def run(form):
            wire = form.open(self)
            wire.send(form.message("one") + form.message(LONG) + form.end())
            call = self.backend.next_call()
            self.assertTrue(call.wait_whole())
            self.assertGreater(call.received, len(LONG))
            call.message(form.reply())
            call.end()
            form.ends_well(self, wire)

        self.each_schedule(UPLOADS, run)

    def test_answers_amid_the_requests(self):
        """They wait for half a second each, so all at once."""
        def run(table):
            uploads = []
            for form in table:
                wire = form.open(self)
                wire.send(form.message("one"))
                call = self.backend.next_call()
                self.assertTrue(call.wait_received(1))
                uploads.append((form, wire, call))
            for _, _, call in uploads:
                call.end(15, LONG)
            for form, wire, _ in uploads:
                form.fails(self, wire, 15)

        self.each_schedule([UPLOADS], run)

    def test_streams_both_ways(self):
        def run(forms_of_both):
            upload, download, headers = forms_of_both
            wire = upload.open(self, headers=headers)
            wire.send(upload.message("one") + upload.end())
            call = self.backend.next_call()
            self.assertTrue(call.wait_whole())
            call.message(download.payload(LONG))
            call.end()
            stream = forms.Stream(download, wire).begin()
            download.ends_well(self, stream.to_end(), LONG)

        self.each_schedule(BOTH_WAYS, run)

    def unary(self, name, port):
        """What a client gets; the time of day apart."""
        wire = self.wire(port).send(UNARY[name])
        call = self.backend.next_call()
        self.assertTrue(call.wait_whole())
        call.message(Answer(text=LONG).SerializeToString()
                     if name != "HttpBody" else b"")
        call.end()
        if name == "WebSocket":
            wire.read_until(b"\r\n\r\n")
            wire.read_exactly(len(LONG))
            return None
        response = wire.response()
        return (response.status, response.body,
                [pair for pair in response.headers if pair[0] != "date"])

    def test_unary_calls_to_the_byte(self):
        expected = {name: self.unary(name, None) for name in UNARY}
        self.each_schedule(UNARY, lambda name: self.assertEqual(
            self.unary(name, None), expected[name]))

    def test_connections_that_serve_many(self):
        def run(name):
            wire = self.wire()
            for _ in range(5):
                wire.send(UNARY[name])
                call = self.backend.next_call()
                call.message(b"")
                call.end()
                self.assertEqual(wire.response().status, 200)

        self.each_schedule([name for name in UNARY if name != "WebSocket"],
                           run)

    def test_the_log_is_whole(self):
        self.faults.schedule(interrupt=200, one_byte=700)
        for i in range(20):
            self.ask("GET", "/nowhere/%d" % i)
            self.gateway.wait_for(r"^time=\S+ status=404 .*\"/nowhere/%d\" "
                                  r".*remote=\"127\.0\.0\.1\"$" % i)

    def test_a_request_that_takes_too_long_is_told_so(self):
        gateway = self.start(self.backend.port, "timeouts: {header: 0.1s}\n")
        self.addCleanup(lambda: self.assertEqual(gateway.stop(), 0))
        self.faults.schedule(interrupt=300, one_byte=600)
        for _ in range(10):
            wire = self.wire(gateway.port).send("GET / HTTP/1.1\r\n")
            self.assert_error(wire.response(), 408, 4)

    @classmethod
    def tearDownClass(cls):
        """There was nowhere that nothing happened."""
        caused = {fault: cls.faults.caused(fault)
                  for fault in ("interrupt", "not_now", "one_byte")}
        super().tearDownClass()
        for point in ("client read", "client write", "upstream read",
                      "upstream write"):
            for fault, counts in caused.items():
                if counts[point] == 0:
                    raise AssertionError("no %s at %s" % (fault, point))


class Hard(Scenario):
    """While the backend's own calls and clients go on."""

    def setUp(self):
        super().setUp()
        self.bystander, self.other = self.begin_limited(60000)

    def assert_nobody_else_noticed(self):
        self.assertFalse(self.other.is_cancelled())
        self.other.message(b"")
        self.other.end()
        self.assertEqual(self.bystander.response().status, 200)

    def test_a_client_whose_socket_breaks_when_read(self):
        for form in UPLOADS:
            with self.subTest(str(form)):
                wire = form.open(self)
                wire.send(form.message("one"))
                call = self.backend.next_call()
                self.assertTrue(call.wait_received(1))
                self.faults.aim("client read", errno.ECONNRESET)
                wire.send(form.message("two"))
                self.assertTrue(call.wait_cancelled())
                wire.to_end()
        self.assertEqual(self.faults.hits("client read"), len(UPLOADS))
        self.assert_nobody_else_noticed()

    def test_a_client_whose_socket_breaks_when_written_to(self):
        before = self.faults.hits("client write")
        for form in DOWNLOADS:
            with self.subTest(str(form)):
                stream = form.open(self)
                call = self.backend.next_call()
                call.message(form.payload("one "))
                stream.begin().piece()
                self.faults.aim("client write", errno.ECONNRESET)
                call.message(form.payload("two "))
                self.assertTrue(call.wait_cancelled())
                stream.wire.to_end()
        self.assertEqual(self.faults.hits("client write") - before,
                         len(DOWNLOADS))
        self.assert_nobody_else_noticed()


class Broken(Scenario):
    """An upstream's connection that breaks is the end of its calls, and of no
    others."""

    def setUp(self):
        super().setUp()
        self.bystander = self.wire()
        self.bystander.send(request("GET", "/v1/watch/w"))
        self.other = self.backend.next_call()

    def is_of_the_bystander(self, form):
        return isinstance(form, forms.Body)

    def test_in_each_form(self):
        for point in ("upstream read", "upstream write"):
            for form in DOWNLOADS:
                if self.is_of_the_bystander(form):
                    continue
                with self.subTest("%s: %s" % (point, form)):
                    self.break_one(point, form)
        self.other.message(forms.Body("", "").payload("still here"))
        self.other.end()
        self.assertEqual(self.bystander.response().body, b"still here")

    def break_one(self, point, form):
        stream = form.open(self)
        call = self.backend.next_call()
        call.message(form.payload("one "))
        stream.begin().piece()
        before = self.faults.hits(point)
        self.faults.aim(point, errno.ECONNRESET)
        try:
            with call.connection.writing:   # it is read, and answered
                call.connection.send(http2.PING, 0, 0, b"12345678")
        except OSError:
            pass    # it has broken already
        form.fails(self, stream.to_end(), "one ", 14)
        self.assertEqual(self.faults.hits(point), before + 1)
        self.assertTrue(call.wait_cancelled())


class Scarce(Scenario):
    """Descriptors that are not to be had, for a while."""

    def test_a_client_that_cannot_be_accepted_waits(self):
        for error in (errno.EMFILE, errno.ENFILE):
            before = self.faults.hits("accept")
            self.faults.aim("accept", error, times=2)
            self.assertEqual(self.ask("GET", "/healthz").status, 200)
            self.assertEqual(self.faults.hits("accept"), before + 2)

    def test_a_websocket_without_a_descriptor_of_its_own(self):
        for protocol in ("sluice.json", "sluice.proto"):
            self.faults.aim("duplicate", errno.EMFILE)
            wire = self.wire().send(websocket.handshake(
                "/v1/orders/1", [("Sec-WebSocket-Protocol", protocol)]))
            response = wire.response()
            self.assert_error(response, 503, 14)
            self.assertIsNotNone(response.header("retry-after"))
            self.assertEqual(wire.to_end(), b"")
        client = websocket.Client(self, "/v1/orders/1")
        call = self.backend.next_call()
        call.message(Answer(text="here").SerializeToString())
        call.end()
        self.assertEqual(client.json()["text"], "here")
        client.expect_close(1000)


if __name__ == "__main__":
    harness.main()
