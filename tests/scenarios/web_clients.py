# SPDX-License-Identifier: Apache-2.0
"""Official clients from npm, unmodified, in Node: grpc-web, connect-node and
connect-web. The cases are those of tests/web; script/deps installs what they
use."""

import harness
from web import WebScenario


class WebClients(WebScenario):
    def test_grpc_web(self):
        self.run_cases("grpc_web_client.mjs")
        self.gateway.wait_for('outcome="client gone"', 3)

    def test_connect(self):
        self.run_cases("connect_clients.mjs")
        self.gateway.wait_for(
            'method="GET" path="/sluice.test.v1.Everyday/Obey"')
        self.gateway.wait_for('outcome="client gone"', 2 * 13)


if __name__ == "__main__":
    harness.main()
