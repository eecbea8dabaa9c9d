# SPDX-License-Identifier: Apache-2.0
"""Official clients from npm, unmodified, in Node: grpc-web, connect-node and
connect-web. The cases are those of tests/web; script/deps installs what they
use."""

import os
import subprocess
import sys

import harness

WEB = os.path.join(harness.SOURCE, "tests", "web")


class WebClients(harness.Scenario):
    def run_cases(self, script, n_left):
        """n_left calls are left by the client, which the backend is told."""
        gateway = self.start(self.backend.port)
        self.addCleanup(gateway.stop)
        self.forget()
        done = subprocess.run(
            ["node", os.path.join(WEB, script)], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=4 * harness.PATIENCE, env={
                **os.environ, "DESCRIPTORS": harness.EVERYTHING,
                "GATEWAY": "http://127.0.0.1:%d" % gateway.port})
        sys.stdout.write("\n" + done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^[1-9]\d* passed, 0 failed$")
        gateway.wait_for('outcome="client gone"', n_left)

    def test_grpc_web(self):
        self.run_cases("grpc_web_client.mjs", 3)

    def test_connect(self):
        self.run_cases("connect_clients.mjs", 2 * 13)


if __name__ == "__main__":
    harness.main()
