# SPDX-License-Identifier: Apache-2.0
"""The same clients in a real browser, and what browsers have themselves:
fetch, EventSource, WebSocket; from pages of other origins."""

import harness
from web import WebScenario

MORE = """
cors:
  origins: ["%s"]
  methods: [GET, POST, PUT]
  headers: [Acme-Id, Data-Bin, Grpc-Metadata-Acme-Id, Grpc-Metadata-Data-Bin]
  credentials: true
websocket: {origins: ["%s"]}
metadata: {allow_request: cookie, allow_response: [set-cookie, etag]}
timeouts: {heartbeat: 20ms}
methods:
  - selector: sluice.test.v1.Everyday.Stream
    sse: {id_field: index, last_event_id: message, retry: 10ms}
"""

OPEN = """
cors: {origins: "*", headers: "*"}
websocket: {origins: "*"}
methods:
  - {selector: sluice.test.v1.Everyday.Stream, timeout: 2s}
"""

LEAVING = """
cors: {origins: "*"}
websocket: {origins: "*"}
timeouts: {grace: 0.2s}
"""


class Browser(WebScenario):
    def own(self, more):
        gateway = self.start(self.backend.port, more)
        self.addCleanup(gateway.stop)
        return gateway

    def test_clients_in_chromium(self):
        here = self.pages.url()
        gateways = {"gateway": self.own(MORE % (here, here)),
                    "open": self.own(OPEN), "closed": self.own(""),
                    "leaving": self.own(LEAVING)}
        self.pages.leaving = gateways["leaving"]
        self.run_cases(
            "clients_in_browser.mjs", foreign=self.pages.url("localhost"),
            **{name: "http://127.0.0.1:%d" % gateway.port
               for name, gateway in gateways.items()})
        log = gateways["gateway"]
        log.wait_for('outcome="?preflight')
        log.wait_for('outcome="client gone"')
        log.wait_for('method="GET" path="/sluice.test.v1.Everyday/Obey"')
        self.assertEqual(gateways.pop("leaving").stop(None), 0)
        for gateway in gateways.values():
            self.assertEqual(gateway.stop(), 0)


if __name__ == "__main__":
    harness.main()
