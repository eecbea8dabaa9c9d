# SPDX-License-Identifier: Apache-2.0
"""How streams end, in each form: well, by an error, by a deadline, when the
gateway is stopped."""

import signal

import forms
import harness
import slow
from forms import BOTH_WAYS, DOWNLOADS, UPLOADS, each
from harness import request

LIMIT_MS = 500      # long enough for what comes before it


class Ends(forms.Scenario):
    def begin(self, form, texts, **how):
        """A stream that has brought some messages, and its call."""
        stream = form.open(self, **how)
        call = self.backend.next_call()
        for text in texts:
            self.assertTrue(call.message(form.payload(text)))
        return stream, call

    @each(DOWNLOADS)
    def test_a_stream_ends_well(self, form):
        for texts in ((), ("one ",), ("one ", "two ", "three ")):
            stream, call = self.begin(form, texts)
            call.end()
            form.ends_well(self, stream.begin().to_end(), "".join(texts))

    @each(DOWNLOADS)
    def test_an_error_after_three_messages(self, form):
        stream, call = self.begin(form, ("one ", "two ", "three "))
        stream.begin()
        call.end(15, "broken off")
        form.fails(self, stream.to_end(), "one two three ", 15, "broken off")

    @each(DOWNLOADS)
    def test_a_backend_that_vanishes_after_three_messages(self, form):
        stream, call = self.begin(form, ("one ", "two ", "three "))
        stream.begin()
        stream.piece()
        call.connection.socket.shutdown(2)
        form.fails(self, stream.to_end(), "one two three ", 14)

    def test_a_deadline_of_the_client(self):
        streams = []
        for form in DOWNLOADS:
            for way in form.ways_to_limit(LIMIT_MS):
                streams.append((form, *self.begin(form, ("one ",), **way)))
        for form, stream, call in streams:
            with self.subTest(str(form)):
                form.fails(self, stream.begin().to_end(), "one ", 4)
                self.assertTrue(call.wait_cancelled())

    def test_a_deadline_between_head_and_first_message(self):
        streams = []
        for form in DOWNLOADS:
            if form.has_head:
                way = form.ways_to_limit(LIMIT_MS)[0]
                stream, call = self.begin(form, (), **way)
                call.head()
                streams.append((form, stream))
        for form, stream in streams:
            with self.subTest(str(form)):
                form.fails(self, stream.begin().to_end(), "", 4)

    @each(UPLOADS)
    def test_an_upload_ends_well(self, form):
        wire = form.open(self)
        call = self.backend.next_call()
        wire.send(form.message("one") + form.message("two") + form.end())
        self.assertTrue(call.wait_whole())
        call.message(form.reply())
        call.end()
        form.ends_well(self, wire)


class Unfinished(forms.Scenario):
    """Requests that have not ended when the call has: the answer comes all the
    same."""

    def begin(self, **how):
        uploads = []
        for form in UPLOADS:
            wire = form.open(self, **how)
            wire.send(form.message("one"))
            call = self.backend.next_call()
            self.assertTrue(call.wait_received(1))
            uploads.append((form, wire, call))
        return uploads

    def test_a_deadline(self):
        uploads = []
        for form in UPLOADS:
            wire = form.open(self, headers=form.limit(LIMIT_MS))
            wire.send(form.message("one"))
            uploads.append((form, wire, self.backend.next_call()))
        for form, wire, call in uploads:
            with self.subTest(str(form)):
                form.fails(self, wire, 4)
                self.assertTrue(call.wait_cancelled())
        self.gateway.wait_for('status=504.*"/v1/collections".*expired')

    def test_an_error(self):
        uploads = self.begin()
        for _, _, call in uploads:
            call.end(15, "broken off")
        for form, wire, call in uploads:
            with self.subTest(str(form)):
                form.fails(self, wire, 15)

    @each(BOTH_WAYS)
    def test_an_error_after_responses(self, forms_of_both):
        upload, download, headers = forms_of_both
        wire = upload.open(self, headers=headers)
        wire.send(upload.message("one"))
        call = self.backend.next_call()
        call.message(download.payload("one "))
        call.message(download.payload("two "))
        call.end(15, "broken off")
        stream = forms.Stream(download, wire).begin()
        download.fails(self, stream.to_end(), "one two ", 15, "broken off")

    def test_an_error_while_the_client_is_held(self):
        gateway = self.own("limits: {max_request_message: 32KiB}\n"
                           "timeouts: {body: 1h}\n")
        self.backend.is_reading = False
        uploads = []
        for form in UPLOADS:
            wire = form.open(self, port=gateway.port)
            wire.send(form.message("one"))
            uploads.append((form, wire, self.backend.next_call()))
            slow.fill(self, wire, form)
        for _, _, call in uploads:
            call.end(15, "broken off")
        for form, wire, _ in uploads:
            with self.subTest(str(form)):
                form.fails(self, wire, 15)
        for form, wire, _ in uploads:
            with self.subTest(str(form)):   # and waits for nothing more
                wire.to_end()
        self.backend.is_reading = True
        self.assertEqual(gateway.stop(), 0)

    def test_the_end_of_the_grace(self):
        gateway = self.own("timeouts: {grace: 0.2s}\n")
        uploads = self.begin(port=gateway.port)
        gateway.process.send_signal(signal.SIGTERM)
        for form, wire, call in uploads:
            with self.subTest(str(form)):
                form.fails(self, wire, 14)
                self.assertTrue(call.wait_cancelled())
        for _, wire, _ in uploads:
            wire.close()
        self.assertEqual(gateway.stop(None), 0)

    def test_the_end_of_the_grace_amid_the_body_of_a_unary_request(self):
        gateway = self.own("timeouts: {grace: 0s}\n")
        wire = self.wire(gateway.port).send(
            "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
            "Content-Type: application/json\r\n\r\n{")
        self.wire(gateway.port).send(request("GET", "/healthz")).response()
        gateway.process.send_signal(signal.SIGTERM)
        response = wire.response()
        self.assert_error(response, 503, 14)
        self.assertEqual(response.header("connection"), "close")
        gateway.wait_for('status=503.*outcome="local shutdown" code=14 ')
        self.assertEqual(gateway.stop(None), 0)

    def test_more_than_is_swallowed(self):
        # The limit is so small that what comes after it is over it, too.
        gateway = self.own("limits: {max_request_message: 1KiB}\n")
        for form in UPLOADS:
            if isinstance(form, forms.BytesUpload):
                continue    # of which no message can be too long
            with self.subTest(str(form)):
                wire = form.open(self, port=gateway.port)
                self.backend.next_call()
                wire.send(form.message("x" * (1 << 20)))
                if isinstance(form, forms.SocketUpload):
                    form.client.expect_close(1009)
                else:
                    form.fails(self, wire, 8)
        for target, type in (("/v1/echo", "application/json"),
                             ("/v1/raw", "video/x"),
                             ("/raw.Box/Echo", "video/x")):
            with self.subTest(target):
                wire = self.wire(gateway.port).send(
                    "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n" % (target, type))
                wire.send(b"100000\r\n" + b"x" * (1 << 20))
                response = wire.response()
                self.assert_error(response, 413, 8)
                self.assertEqual(response.header("connection"), "close")
        self.assertEqual(gateway.stop(), 0)


class Limited(forms.Scenario):
    @classmethod
    def start(cls, port, more=None, pour=""):
        return super().start(port, """\
  - {selector: sluice.test.v1.Everyday.Stream, timeout: 0.5s}
  - {selector: sluice.test.v1.Files.Watch, timeout: 0.5s}
""", ", timeout: 0.5s")

    def test_a_deadline_of_the_route_file(self):
        streams = []
        for form in DOWNLOADS:
            stream = form.open(self)
            call = self.backend.next_call()
            call.message(form.payload("one "))
            streams.append((form, stream, call))
        for form, stream, call in streams:
            with self.subTest(str(form)):
                form.fails(self, stream.begin().to_end(), "one ", 4)
                self.assertTrue(call.wait_cancelled())


class Drain(forms.Scenario):
    def test_streams_that_overrun_the_grace_end_in_their_form(self):
        gateway = self.own("timeouts: {grace: 0.2s}\n")
        streams = []
        for form in DOWNLOADS:
            stream = form.open(self, port=gateway.port)
            call = self.backend.next_call()
            call.message(form.payload("one "))
            stream.begin().piece()
            streams.append((form, stream, call))
        gateway.process.send_signal(signal.SIGTERM)
        for form, stream, call in streams:
            with self.subTest(str(form)):
                form.fails(self, stream.to_end(), "one ", 14)
                self.assertTrue(call.wait_cancelled())
        self.assertEqual(gateway.stop(None), 0)

    def test_what_ends_within_the_grace_ends_well(self):
        gateway = self.own("timeouts: {grace: 60s}\n")
        port = gateway.port
        streams = [(form, form.open(self, port=port),
                    self.backend.next_call()) for form in DOWNLOADS]
        uploads = []
        for form in UPLOADS:
            wire = form.open(self, port=port)
            wire.send(form.message("one"))
            uploads.append((form, wire, self.backend.next_call()))
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for("draining")
        with self.assertRaises(ConnectionRefusedError):
            harness.Wire(port)
        for form, stream, call in streams:
            with self.subTest("down: %s" % form):
                call.message(form.payload("late "))
                call.end()
                form.ends_well(self, stream.begin().to_end(), "late ")
        for form, wire, call in uploads:
            with self.subTest("up: %s" % form):
                form.first = False
                wire.send(form.message("two") + form.end())
                self.assertTrue(call.wait_whole())
                call.message(form.reply())
                call.end()
                form.ends_well(self, wire)
        self.assertEqual(gateway.stop(None), 0)


if __name__ == "__main__":
    harness.main()
