# SPDX-License-Identifier: Apache-2.0
"""The page that the demo serves at /: over HTTP, and clicked through in
Chromium (tests/web/explorer.mjs)."""

import json
import os
import re
import subprocess
import sys

import harness
from harness import Gateway

SCRIPT = os.path.join(harness.SOURCE, "tests", "web", "explorer.mjs")
LIBRARY = os.path.join(harness.BUILD, "examples/library/library.pb")


class Explorer(harness.Scenario):
    """In front of the backend: sluice serve, which has no pages."""

    def demo(self):
        demo = Gateway("demo", "--listen", "127.0.0.1:0")
        self.addCleanup(lambda: self.assertEqual(demo.stop(), 0))
        return demo

    def test_every_method_in_every_form(self):
        demo = self.demo()
        done = subprocess.run(
            ["node", SCRIPT], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=4 * harness.PATIENCE, env={
                **os.environ, "DESCRIPTORS": LIBRARY,
                "CONFIG": json.dumps(
                    {"gateway": "http://127.0.0.1:%d" % demo.port})})
        sys.stdout.write("\n" + done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^[1-9]\d* passed, 0 failed$")
        # Each of the eight forms that were stopped, and the one left behind:
        # the library has been told.
        demo.wait_for('rpc_method="ReadBook" outcome="client gone"', 9)

    def test_files_and_their_heads(self):
        port = self.demo().port
        page = self.ask("GET", "/", port=port)
        self.assertEqual(page.status, 200)
        self.assertEqual(page.header("content-type"),
                         "text/html; charset=utf-8")
        policy = page.header("content-security-policy")
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotRegex(page.body.decode(), r"https?://(?!www\.w3\.org)")
        for path, kind in re.findall(r'(?:href|src)="([^#][^":]*\.(css|js))"',
                                     page.body.decode()):
            file = self.ask("GET", "/" + path, port=port)
            self.assertEqual(file.status, 200)
            self.assertEqual(file.header("content-type"), "text/%s; "
                             "charset=utf-8" % kind.replace("js", "javascript"))

    def test_an_unchanged_page_is_not_sent_again(self):
        port = self.demo().port
        tag = self.ask("GET", "/", port=port).header("etag")
        wire = self.wire(port)
        for _ in range(2):  # on one connection: nothing is left of the body
            wire.send(harness.request("GET", "/", headers=[
                ("If-None-Match", tag)]))
            answer = wire.read_until(b"\r\n\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 304 "), answer)
            self.assertIn(tag.encode(), answer)
        self.assertEqual(wire.buffer, b"")

    def test_HEAD_and_other_methods(self):
        port = self.demo().port
        page = self.ask("GET", "/", port=port)
        head = self.ask("HEAD", "/", port=port)
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.header("content-length"), str(len(page.body)))
        refused = self.ask("POST", "/", body={}, port=port)
        self.assert_error(refused, 405, 12)
        self.assertEqual(refused.header("allow"), "GET, HEAD")
        self.assert_error(self.ask("GET", "/no.js", port=port), 404, 5)
        # A protocol of RPCs, and a WebSocket, see methods alone.
        self.assertEqual(self.ask("POST", "/", port=port, body="", headers=[
            ("Content-Type", "application/grpc-web+json")]).status, 200)
        self.assert_error(self.ask("GET", "/", port=port, headers=[
            ("Connection", "Upgrade"), ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")]), 404, 5)

    def test_serve_has_no_pages(self):
        for path in ("/", "/page.js"):
            self.assert_error(self.ask("GET", path), 404, 5)


if __name__ == "__main__":
    harness.main()
