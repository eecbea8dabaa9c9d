# SPDX-License-Identifier: Apache-2.0
"""The commands, and route files right and wrong."""

import json
import os
import resource
import socket
import subprocess
import tempfile
import unittest

import harness
from harness import EVERYTHING, Gateway, PROGRAM, Wire, request

GOOD = """\
upstreams:
  test: {target: "dns:///127.0.0.1:50051", schema: %s}
services:
  - {name: sluice.test.v1.Everyday, upstream: test}
""" % EVERYTHING


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True,
                          text=True, timeout=harness.PATIENCE)


class Configuration(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def file(self, text, name="sluice.yaml"):
        path = os.path.join(self.directory.name, name)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return path

    def check(self, text, name="sluice.yaml"):
        path = self.file(text, name)
        return run("check", "-c", path), path

    def assert_problems(self, text, *expected, name="sluice.yaml"):
        """Each expected is (line, words...): one message at that line."""
        result, path = self.check(text, name)
        self.assertEqual(result.returncode, 1, result.stderr)
        for line, *words in expected:
            prefix = "sluice: %s:%d: " % (path, line) if line \
                else "sluice: %s: " % path
            found = [l for l in result.stderr.splitlines()
                     if l.startswith(prefix)
                     and all(w.lower() in l.lower() for w in words)]
            self.assertTrue(found, (line, words, result.stderr))
        return result

    def test_a_good_file_is_good(self):
        result, _ = self.check(GOOD)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("good", result.stdout)

    def test_JSON_is_the_same_tree(self):
        text = json.dumps({
            "upstreams": {"test": {"target": "127.0.0.1:1",
                                   "schema": [EVERYTHING]}},
            "services": [{"name": "sluice.test.v1.Everyday",
                          "upstream": "test"}]})
        self.assertEqual(self.check(text, "sluice.json")[0].returncode, 0)

    def test_the_routes_are_a_table(self):
        result = run("routes", "-c", self.file(GOOD))
        rows = [line.split() for line in result.stdout.splitlines()]
        self.assertEqual(
            rows[0], ["METHOD", "TEMPLATE", "RPC", "CARDINALITY", "UPSTREAM"])
        for row in (
                ["GET", "/v1/orders/{id}", "sluice.test.v1.Everyday.Obey",
                 "unary-unary", "test"],
                ["GET", "/v1/streams/{id}", "sluice.test.v1.Everyday.Stream",
                 "unary-stream", "test"],
                ["POST", "/sluice.test.v1.Everyday/Converse",
                 "sluice.test.v1.Everyday.Converse", "stream-stream",
                 "test"]):
            self.assertIn(row, rows)

    def test_a_rule_of_the_file_replaces_the_annotation(self):
        result = run("routes", "-c", self.file(GOOD + """
http:
  rules:
    - selector: sluice.test.v1.Everyday.Obey
      get: /other/{id}
      additional_bindings:
        - custom: {kind: PURGE, path: "/other/{id}"}
"""))
        self.assertIn("/other/{id}", result.stdout)
        self.assertIn("PURGE", result.stdout)
        self.assertNotIn("/v1/orders", result.stdout)

    def test_every_problem_is_reported_at_once(self):
        self.assert_problems("""\
listen: 7
nonsense: 1
upstreams:
  test: {target: "127.0.0.1:1", schema: %s}
services:
  - {name: sluice.test.v1.Everyday, upstream: tset}
limits: {max_request_message: lots}
methods:
  - {selector: sluice.test.v1.Everyday.Obey, timeout: soon}
""" % EVERYTHING, (1, "listen"), (2, "nonsense"), (6, "tset"),
            (7, "max_request_message"), (9, "timeout"))

    def test_where_it_cannot_listen_is_reported_with_its_line(self):
        self.assert_problems(
            "workers: 1\nlisten: example.com:80\n" + GOOD,
            (2, "expected a numeric address or localhost"))

    def test_what_the_schema_shows_is_reported_with_the_rest(self):
        result = self.assert_problems("""\
wrokers: 2
upstreams:
  test: {target: "inproc:nothing", schema: %s}
  gone: {target: "127.0.0.1:1", schema: gone.pb}
services:
  - {name: sluice.test.v1.Everyday, upstream: test}
  - {name: no.such.Service, upstream: test}
  - {name: pkg.Gone, upstream: gone}
http:
  rules:
    - {selector: sluice.test.v1.Everyday.Obye, get: /a}
    - {selector: sluice.test.v1.Everyday.Obey, get: "/b/{nope}"}
    - {selector: pkg.Gone.Method, get: /c}
limits: {max_header_bytes: much}
""" % EVERYTHING, (1, "wrokers"), (3, "nothing"), (4, "gone.pb"),
            (7, "no.such.Service"), (11, "Obye"), (12, "nope"),
            (14, "max_header_bytes"))
        self.assertEqual(len(result.stderr.splitlines()), 7, result.stderr)

    def test_mistakes_in_rules_are_found(self):
        head = GOOD + "http:\n  rules:\n"
        first = head.count("\n") + 1
        for rule, words in (
                ("{selector: no.Such.Method, get: /x}", ["no.Such.Method"]),
                ("{selector: sluice.test.v1.Everyday.Obey, get: x}",
                 ["/"]),
                ("{selector: sluice.test.v1.Everyday.Obey, get: '/x/{'}",
                 ["/x/{"]),
                ("{selector: sluice.test.v1.Everyday.Obey, get: '/{nope}'}",
                 ["nope"]),
                ("{selector: sluice.test.v1.Everyday.Obey, get: '/{tags}'}",
                 ["tags", "repeated"]),
                ("{selector: sluice.test.v1.Everyday.Obey, get: '/{inner}'}",
                 ["inner"]),
                ("{selector: sluice.test.v1.Everyday.Obey, post: /x, "
                 "body: nope}", ["nope"]),
                ("{selector: sluice.test.v1.Everyday.Obey, get: /x, "
                 "response_body: nope}", ["nope"]),
                ("{selector: sluice.test.v1.Everyday.Obey, get: /x, "
                 "put: /y}", ["put"]),
                ("{selector: sluice.test.v1.Everyday.Obey}", ["get"]),
                ("{selector: sluice.test.v1.Everyday.Stream, "
                 "get: '/v1/orders/{id}'}", ["/v1/orders/{id}", "Obey"])):
            with self.subTest(rule):
                self.assert_problems(head + "    - " + rule + "\n",
                                     (first, *words))

    def test_mistakes_about_events_are_found(self):
        result = self.assert_problems(GOOD + """
methods:
  - selector: sluice.test.v1.Everyday.Stream
    sse: {id_field: nope, last_event_id: tags}
  - {selector: sluice.test.v1.Everyday.Converse, sse: {id_field: metadata}}
  - {selector: sluice.test.v1.Everyday.Obey, sse: {retry: 2s}}
  - {selector: sluice.test.v1.Everyday.Echo, sse: {id: x, retry: never}}
""", (7, "sluice.test.v1.Answer", 'no field "nope"'),
            (7, "scalar", "sluice.test.v1.Order.tags"),
            (9, "scalar", "sluice.test.v1.Answer.metadata"),
            (10, "sluice.test.v1.Everyday.Obey is no server stream"),
            (11, 'no key "id"'), (11, "retry", "never"))
        self.assertEqual(len(result.stderr.splitlines()), 6, result.stderr)

    def test_unreadable_and_wrong_files(self):
        path = os.path.join(self.directory.name, "absent.yaml")
        result = run("check", "-c", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("absent.yaml", result.stderr)
        self.assert_problems("a: [1\nb: }\n", (2,))
        self.assert_problems('{"upstreams": {},\n  "x" 1}', (2,),
                             name="sluice.json")
        self.assert_problems("", (1,))
        self.assert_problems("- a\n", (1,))
        result, _ = self.check(b"\xff\xfe\x00listen")
        self.assertEqual(result.returncode, 1)
        result, _ = self.check("a: &a [*a, *a]\n" * 3)
        self.assertEqual(result.returncode, 1)
        self.assert_problems(
            'upstreams: {}\nupstreams: {}\nservices: []\n',
            (2, "upstreams"))

    def test_unreadable_and_wrong_descriptor_sets(self):
        with open(EVERYTHING, "rb") as f:
            good = f.read()
        for name, data in (("absent.pb", None), ("empty.pb", b""),
                           ("text.pb", b"hello world, this is no set"),
                           ("cut.pb", good[:len(good) // 2]),
                           ("half.pb", good[len(good) // 2:]),
                           ("deep.pb", b"\x22\x7f" * 100000)):
            with self.subTest(name):
                if data is not None:
                    self.file(data, name)
                self.assert_problems(GOOD.replace(EVERYTHING, name),
                                     (2, name) if name != "empty.pb"
                                     else (4, "sluice.test.v1.Everyday"))

    def test_a_target_is_checked(self):
        self.assert_problems(
            GOOD.replace("dns:///127.0.0.1:50051", "127.0.0.1:99999"),
            (2, "99999"))
        self.assert_problems(
            GOOD.replace("dns:///127.0.0.1:50051", "inproc:nothing"),
            (2, "nothing"))

    def test_serve_refuses_what_check_refuses(self):
        result = run("serve", "-c", self.file("listen: 7\n"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("sluice.yaml:1: ", result.stderr)

    def test_an_address_in_use_is_said(self):
        import socket
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run("serve", "-c", self.file(
            'listen: ["127.0.0.1:%d"]\n' % taken.getsockname()[1] + GOOD))
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot listen", result.stderr)

    def test_two_gateways_never_share_an_address(self):
        first = Gateway("demo", "--listen", "127.0.0.1:0")
        result = run("demo", "--listen", "127.0.0.1:%d" % first.port)
        self.assertEqual(first.stop(), 0)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot listen on 127.0.0.1:%d: Address already in use"
                      % first.port, result.stderr)

    def test_an_address_named_twice_is_in_use(self):
        import socket
        free = socket.socket()
        free.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % free.getsockname()[1]
        free.close()
        result = run("serve", "-c", self.file(
            'listen: ["%s", "%s"]\n' % (address, address) + GOOD))
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot listen", result.stderr)

    def test_wrong_usage_is_2(self):
        for arguments in ([], ["nonsense"], ["serve"], ["check"],
                          ["routes", "x"], ["serve", "--nonsense"],
                          ["serve", "-x"], ["demo", "--help=x"],
                          ["check", "-c"], ["demo", "x"], ["version", "x"],
                          ["demo", "--listen"], ["demo", "--listen", "8080"],
                          ["demo", "--grpc", "example.com:1"],
                          ["healthcheck", "a", "b"], ["healthcheck", "a"],
                          ["help", "nonsense"], ["--nonsense"]):
            with self.subTest(arguments):
                result = run(*arguments)
                self.assertEqual(result.returncode, 2)
                for line in result.stderr.splitlines()[:1]:
                    self.assertRegex(line, "^(sluice|Usage): ")
                self.assertEqual(result.stdout, "")
                self.assertNotEqual(result.stderr, "")

    def test_help_and_version_are_0(self):
        for arguments, word in ((["--help"], "Usage"), (["serve", "--help"],
                                                        "Usage"),
                                (["demo", "--help"], "Usage"),
                                (["check", "--help"], "Usage"),
                                (["routes", "--help"], "Usage"),
                                (["explain", "--help"], "Usage"),
                                (["healthcheck", "--help"], "Usage"),
                                (["version", "--help"], "Usage"),
                                (["--version"], "sluice "),
                                (["version"], "libmicrohttpd 1.")):
            result = run(*arguments)
            self.assertEqual(result.returncode, 0)
            self.assertIn(word, result.stdout)

    def test_help_of_a_command(self):
        for command in ("serve", "demo", "check", "routes", "explain",
                        "transcode", "healthcheck", "version"):
            asked = run("help", command)
            self.assertEqual(asked.returncode, 0)
            self.assertIn("Usage: sluice %s" % command, asked.stdout)
            self.assertEqual(asked.stdout, run(command, "--help").stdout)

    def test_it_listens_on_a_unix_socket(self):
        path = os.path.join(self.directory.name, "s")
        gateway = subprocess.Popen(
            [PROGRAM, "demo", "--listen", "unix:" + path],
            stderr=subprocess.PIPE, text=True)
        self.assertIn("listening on", gateway.stderr.readline())
        wire = Wire.__new__(Wire)
        wire.socket, wire.buffer = socket.socket(socket.AF_UNIX), b""
        wire.socket.connect(path)
        self.assertEqual(
            wire.send(request("GET", "/healthz")).response().status, 200)
        wire.close()
        gateway.terminate()
        self.assertEqual(gateway.wait(harness.PATIENCE), 0)
        gateway.stderr.close()
        self.assertFalse(os.path.exists(path))

    def test_a_failed_start_leaves_no_socket_behind(self):
        path = os.path.join(self.directory.name, "s")
        with socket.create_server(("127.0.0.1", 0)) as other:
            busy = "127.0.0.1:%d" % other.getsockname()[1]
            result = run("serve", "-c", self.file(
                'listen: ["unix:%s", "%s"]\nworkers: 2\n' % (path, busy)
                + GOOD))
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(
            result.stderr, r"\Asluice: cannot listen on %s: .*\n\Z" % busy)
        self.assertFalse(os.path.exists(path))

    def test_a_start_without_descriptors_fails_in_good_order(self):
        path = os.path.join(self.directory.name, "s")
        file = self.file('listen: ["unix:%s"]\nworkers: 9\n' % path + GOOD)
        for limit in range(10, 28):  # fewer make libuv abort
            result = subprocess.run(
                [PROGRAM, "serve", "-c", file], capture_output=True,
                text=True, timeout=harness.PATIENCE,
                preexec_fn=lambda: resource.setrlimit(
                    resource.RLIMIT_NOFILE, (limit, limit)))
            self.assertEqual(result.returncode, 1, (limit, result.stderr))
            self.assertNotEqual(result.stderr, "")
            self.assertNotIn("Sanitizer", result.stderr)
            self.assertFalse(os.path.exists(path), limit)

    def test_healthcheck_tells_the_health(self):
        gateway = Gateway("demo", "--listen", "127.0.0.1:0")
        address = "127.0.0.1:%d" % gateway.port
        self.assertEqual(run("healthcheck", address).returncode, 0)
        self.assertEqual(
            run("healthcheck", "http://" + address + "/healthz").returncode,
            0)
        self.assertEqual(gateway.stop(), 0)
        result = run("healthcheck", address)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "sluice: healthcheck: %s: "
                         "Connection refused\n" % address)

    def test_healthcheck_tells_what_is_wrong(self):
        for answer, why in (
                (b"", "no answer: the connection was closed"),
                (b"HTTP/1.1 503 Service Unavailable\r\n\r\n",
                 "expected HTTP/1.1 200, found HTTP/1.1 503")):
            with socket.create_server(("127.0.0.1", 0)) as other:
                address = "127.0.0.1:%d" % other.getsockname()[1]
                asking = subprocess.Popen(
                    [PROGRAM, "healthcheck", address],
                    stderr=subprocess.PIPE, text=True)
                peer = other.accept()[0]
                peer.recv(4096)
                peer.sendall(answer)
                peer.close()
                _, said = asking.communicate(timeout=harness.PATIENCE)
            self.assertEqual(asking.returncode, 1)
            self.assertEqual(
                said, "sluice: healthcheck: %s: %s\n" % (address, why))

    def test_the_access_log_can_be_a_file_or_off(self):
        path = os.path.join(self.directory.name, "access.log")
        for value in (path, "off"):
            gateway = Gateway("serve", "-c", self.file(
                'listen: ["127.0.0.1:0"]\naccess_log: "%s"\n' % value + GOOD))
            wire = Wire(gateway.port)
            wire.send(request("GET", "/absent"))
            self.assertEqual(wire.response().status, 404)
            wire.close()
            self.assertEqual(gateway.stop(), 0)
            self.assertFalse(any("/absent" in str(l) for l in gateway.lines))
        with open(path) as f:
            self.assertIn('status=404 method="GET" path="/absent"', f.read())


if __name__ == "__main__":
    harness.main()
