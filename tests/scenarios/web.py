# SPDX-License-Identifier: Apache-2.0
"""What the scenarios with clients of tests/web share: a backend that knows its
calls by their id, and a server beside it that tells of them and has the files
of a page."""

import collections
import http.server
import json
import os
import signal
import subprocess
import sys
import threading

import harness
from harness import PATIENCE, SOURCE

WEB = os.path.join(SOURCE, "tests", "web")
NPM = os.path.join(SOURCE, "tests", "npm", "node_modules")
MODULES = ("@bufbuild/protobuf", "@connectrpc/connect",
           "@connectrpc/connect-web", "grpc-web")


class Backend(harness.Backend):
    """Calls are known by the id of their first order."""

    def __init__(self, *arguments, **options):
        self.changed = threading.Condition()
        self.happened = set()               # (id, "entered" or "ended")
        self.steps = collections.Counter()  # messages that may be sent, by id
        super().__init__(*arguments, **options)

    def tell(self, id, what):
        with self.changed:
            self.happened.add((id, what))
            self.changed.notify_all()

    def wait_for(self, id, what):
        with self.changed:
            return self.changed.wait_for(
                lambda: (id, what) in self.happened, PATIENCE)

    def has_seen(self, id):
        with self.changed:
            return (id, "entered") in self.happened

    def allow_step(self, id):
        with self.changed:
            self.steps[id] += 1
            self.changed.notify_all()

    def _take_step(self, id):
        with self.changed:
            may_send = self.changed.wait_for(
                lambda: self.steps[id] or (id, "ended") in self.happened,
                PATIENCE)
            self.steps[id] -= 1
            return may_send

    def _enter(self, order, context):
        if not context.add_callback(lambda: self.tell(order.id, "ended")):
            self.tell(order.id, "ended")
        self.tell(order.id, "entered")

    def _entering(self, orders, context):
        for i, order in enumerate(orders):
            if i == 0:
                self._enter(order, context)
            yield order

    def _hang(self, context):
        ended = threading.Event()
        if context.add_callback(ended.set):
            ended.wait(PATIENCE)

    def obey(self, order, context):
        self._enter(order, context)
        return super().obey(order, context)

    def stream(self, order, context):
        self._enter(order, context)
        if "step" in order.tags:
            context.send_initial_metadata(())
            for i in range(order.count):
                if self._take_step(order.id):
                    yield self._answer(order, context, i)
        elif "resume" in order.tags:
            # Two messages, those after the index that is given
            first = int(order.message or -1) + 1
            yield self._answer(order, context, first)
            yield self._answer(order, context, first + 1)
        else:
            yield from super().stream(order, context)

    def collect(self, orders, context):
        self._note("Collect", context)
        order, ids = harness.Order(), []
        for order in self._entering(orders, context):
            self._obey(order, context)
            ids.append(order.id)
        answer = self._answer(order, context, len(ids))
        answer.id = ",".join(ids)
        return answer

    def converse(self, orders, context):
        self._note("Converse", context)
        for i, order in enumerate(self._entering(orders, context)):
            self._obey(order, context)
            yield self._answer(order, context, i)


def import_map():
    """Where a page finds the packages: what each exports to `import`."""
    imports = {}
    for name in MODULES:
        with open(os.path.join(NPM, name, "package.json")) as f:
            package = json.load(f)
        exports = package.get("exports") or {
            ".": {"import": "./" + package["module"]}}
        for path, target in exports.items():
            if isinstance(target, dict) and "import" in target:
                imports[name + path[1:]] = "/npm/%s%s" % (
                    name, target["import"][1:])
    return {"imports": imports}


PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Clients of Sluice</title>
<link rel="icon" href="data:,">
<script type="importmap">%s</script>
"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folders = {"web": WEB, "npm": NPM,
               "examples": os.path.join(SOURCE, "examples")}

    def log_message(self, *_):
        pass

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        head, _, rest = self.path[1:].partition("/")
        if head == "call":
            self.call(*rest.split("/"))
        elif head == "stop":
            self.server.leaving.process.send_signal(signal.SIGTERM)
            self.answer(200, "text/plain", b"")
        elif head == "":
            self.answer(200, "text/html",
                        (PAGE % json.dumps(import_map())).encode())
        elif head == "descriptors":
            self.file(harness.EVERYTHING, "application/octet-stream")
        elif head in self.folders:
            self.file(os.path.join(self.folders[head], rest),
                      "text/javascript")
        else:
            self.answer(404, "text/plain", b"")

    def file(self, path, kind):
        try:
            with open(path, "rb") as f:
                self.answer(200, kind, f.read())
        except OSError:
            self.answer(404, "text/plain", b"")

    def call(self, id, what):
        backend = self.server.backend
        is_done, text = True, ""
        if what == "step":
            backend.allow_step(id)
        elif what == "seen":
            text = json.dumps(backend.has_seen(id))
        else:
            is_done = backend.wait_for(id, what)
        self.answer(200 if is_done else 504, "text/plain", text.encode())


class Pages(http.server.ThreadingHTTPServer):
    """GET / is a page, /web/... and /npm/... modules for it; /call/ID/... is
    what kit.mjs asks for."""

    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.backend = None
        self.leaving = None     # the gateway that GET /stop stops
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def url(self, host="127.0.0.1"):
        return "http://%s:%d" % (host, self.server_port)

    def stop(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class WebScenario(harness.Scenario):
    backend_type = Backend

    @classmethod
    def setUpClass(cls):
        cls.pages = Pages()
        super().setUpClass()
        cls.pages.backend = cls.backend

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.pages.stop()

    def run_cases(self, script, **config):
        """script of tests/web says of each case how it went."""
        config = {
            "name": os.path.splitext(script)[0], "pages": self.pages.url(),
            "gateway": "http://127.0.0.1:%d" % self.gateway.port, **config}
        done = subprocess.run(
            ["node", os.path.join(WEB, script)], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=4 * PATIENCE, env={
                **os.environ, "DESCRIPTORS": harness.EVERYTHING,
                "CONFIG": json.dumps(config)})
        sys.stdout.write("\n" + done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^[1-9]\d* passed, 0 failed$")
