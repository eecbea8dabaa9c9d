# SPDX-License-Identifier: Apache-2.0
"""The command transcode: both directions beside the official library, its
options, many messages in one process, and what it says when it cannot."""

import json
import os
import random
import struct
import subprocess
import threading
import unittest

from google.protobuf import json_format

import harness
import transcoder
from transcoder import ALL, OLD, PATIENCE, POOL, Refused, Transcoder, run

All = transcoder.message_class(ALL)
SAMPLE = b"""{
  "i32": -1, "i64": "-9223372036854775808", "u32": 4294967295,
  "u64": "18446744073709551615", "s32": -5, "s64": "7", "f32": 1, "f64": "2",
  "sf32": -3, "sf64": "-4", "single": 1.5, "real": -2.5e-9, "flag": true,
  "text": "\\u00e9\\ud83d\\ude01\\n", "raw": "AQID/w==", "tone": "HIGH",
  "node": {"n": 1, "next": {"s": "deep", "list": [{}, {"n": 2}]}},
  "rI32": [1, -1], "rText": ["", "b"], "rTone": ["LOW", "BELOW", 9],
  "rReal": ["NaN", "Infinity", "-Infinity", -0.0], "rS32": [-1, 1],
  "mI32": {"-1": 1}, "mU64": {"18446744073709551615": "1"},
  "mFlag": {"true": false}, "mText": {"": "x"}, "mNode": {"a": {"n": 0}},
  "oneText": "", "maybe": 0, "wI64": "0", "wText": "", "rwI32": [0, 1],
  "duration": "-1.5s", "timestamp": "2001-02-03T04:05:06.000007Z",
  "mask": "a,bC.d", "structure": {"a": [null, 1, "b", {"c": false}]},
  "any": {"@type": "x/google.protobuf.Duration", "value": "3s"},
  "rAny": [{"@type": "x/sluice.test.protojson.Node", "n": 5}, {}],
  "value": null, "list": [1, []], "empty": {}, "chosen": 8, "Capital10": 2
}"""


def number(rnd, field):
    bits = 64 if "64" in field.name else 32
    bits -= field.name.startswith("u") is False and "f" != field.name[0]
    v = rnd.getrandbits(rnd.randint(0, bits - 1))
    return -v if field.name[0] in "is" and rnd.random() < 0.5 else v


def random_message(rnd):
    m = All()
    for name in ("i32", "i64", "u32", "u64", "s32", "s64", "f32", "f64",
                 "sf32", "sf64"):
        if rnd.random() < 0.5:
            setattr(m, name, number(rnd, All.DESCRIPTOR.fields_by_name[name]))
    m.real = struct.unpack("<d", rnd.randbytes(8))[0]
    if m.real != m.real:    # there is one NaN in JSON
        m.real = float("nan")
    m.single = rnd.choice([0.1, 1e10, -3.4e38, 1e-45, 16777216.0])
    m.text = "".join(chr(rnd.choice([1, 34, 65, 92, 233, 0x20ac, 0x1f601]))
                     for _ in range(rnd.randint(0, 20)))
    m.raw = rnd.randbytes(rnd.randint(0, 20))
    m.r_i64.extend(rnd.getrandbits(40) for _ in range(rnd.randint(0, 5)))
    for _ in range(rnd.randint(0, 3)):
        m.m_node[rnd.choice("abcdef")].n = rnd.randint(0, 9)
        m.r_node.add(n=rnd.randint(-9, 9)).next.s = "x"
    m.timestamp.seconds = rnd.randint(-62135596800, 253402300799)
    m.timestamp.nanos = rnd.choice([0, 1, 1000, 500000000])
    return m


class Both(unittest.TestCase):
    """The official library and the command say the same."""

    def wire(self, text, **kwargs):
        status, out, err = run(text, "json", "binary", **kwargs)
        self.assertEqual((status, err), (0, ""))
        return out

    def text(self, wire, *more, **kwargs):
        status, out, err = run(wire, "binary", "json", *more, **kwargs)
        self.assertEqual((status, err), (0, ""))
        return json.loads(out)

    def test_JSON_becomes_the_same_message(self):
        expected = json_format.Parse(SAMPLE, All(), descriptor_pool=POOL)
        got = All.FromString(self.wire(SAMPLE))
        self.assertEqual(got.SerializeToString(deterministic=True),
                         expected.SerializeToString(deterministic=True))

    def test_a_message_becomes_the_same_JSON(self):
        m = json_format.Parse(SAMPLE, All(), descriptor_pool=POOL)
        wire = m.SerializeToString()
        for options, kwargs in (
                ([], {}),
                (["proto_names"], {"preserving_proto_field_name": True}),
                (["proto_names=false", "enum_numbers=true"],
                 {"use_integers_for_enums": True})):
            flags = [a for o in options for a in ("--option", o)]
            with self.subTest(options):
                self.assertEqual(
                    self.text(wire, *flags),
                    json_format.MessageToDict(m, descriptor_pool=POOL,
                                              **kwargs))

    def test_random_messages_go_both_ways(self):
        rnd = random.Random(4)
        to_json = Transcoder("binary", "json")
        to_wire = Transcoder("json", "binary")
        for _ in range(2000):
            m = random_message(rnd)
            wire = m.SerializeToString(deterministic=True)
            text = to_json(wire)
            back = json_format.Parse(text, All(), descriptor_pool=POOL)
            self.assertEqual(
                back.SerializeToString(deterministic=True), wire, text)
            text = json_format.MessageToJson(m, descriptor_pool=POOL)
            got = All.FromString(to_wire(text.encode()))
            again = json_format.Parse(text, All(), descriptor_pool=POOL)
            self.assertEqual(got.SerializeToString(deterministic=True),
                             again.SerializeToString(deterministic=True))
        to_json.close()
        to_wire.close()

    def test_binary_to_binary_is_what_a_parser_writes(self):
        rnd = random.Random(6)
        normal = Transcoder("binary", "binary")
        for _ in range(1000):
            parts = [random_message(rnd) for _ in range(rnd.randint(1, 3))]
            wire = b""
            for m in parts:
                m.ClearField("m_node")      # its order is anyone's
                m.node.list.add(n=rnd.randint(-3, 3))
                m.node.next.n = rnd.randint(-3, 3)
                wire += m.SerializeToString()
            self.assertEqual(normal(wire),
                             All.FromString(wire).SerializeToString())
        normal.close()

    def test_one_format_can_be_both(self):
        status, out, err = run(SAMPLE, "json", "json")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(
            json.loads(out), self.text(self.wire(SAMPLE)))
        wire = b"\xf8\x7f\x01" + self.wire(SAMPLE)   # an unknown field stays
        status, out, err = run(wire, "binary", "binary")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(
            *(All.FromString(w).SerializeToString(deterministic=True)
              for w in (out, wire)))
        self.assertTrue(out.endswith(b"\xf8\x7f\x01"))
        status, out, err = run(b"\x08", "binary", "binary")
        self.assertEqual((status, out), (1, b""))
        self.assertTrue(err.startswith("sluice: stdin: byte 1: i32: "), err)


class Options(unittest.TestCase):
    def text(self, wire, *options):
        flags = [a for o in options for a in ("--option", o)]
        status, out, err = run(wire, "binary", "json", *flags)
        self.assertEqual((status, err), (0, ""))
        return out.decode()

    def test_output(self):
        wire = All(i64=5, tone=2, under_score2=1).SerializeToString()
        self.assertEqual(self.text(wire),
                         '{"i64":"5","tone":"HIGH","underScore2":1}\n')
        self.assertEqual(
            self.text(wire, "int64_numbers", "enum_numbers", "proto_names"),
            '{"i64":5,"tone":2,"under_score2":1}\n')
        self.assertEqual(
            self.text(wire, "pretty=true"),
            '{\n  "i64": "5",\n  "tone": "HIGH",\n  "underScore2": 1\n}\n')
        full = json.loads(self.text(wire, "emit_defaults"))
        self.assertEqual((full["i32"], full["rI32"], full["mI32"]),
                         (0, [], {}))
        self.assertNotIn("maybe", full)
        self.assertNotIn("node", full)

    def test_input(self):
        text = b'{"nope": {"a": [1]}, "tone": "NO_SUCH", "i32": 1}'
        self.assertEqual(run(text, "json", "binary")[0], 1)
        self.assertEqual(
            run(text, "json", "binary", "--option", "ignore_unknown"),
            (0, b"\x08\x01", ""))
        text = b'{"node": {"next": {}}}'
        for depth, status in (("3", 0), ("2", 1)):
            self.assertEqual(
                run(text, "json", "binary", "--option",
                    "max_depth=" + depth)[0], status)

    def test_a_schema_may_be_in_several_files(self):
        other = os.path.join(transcoder.BUILD, "tests/scenarios/everything.pb")
        self.assertEqual(
            run(b'{"text":"a"}', "json", "binary", "--schema", other,
                type="sluice.test.v1.Inner"), (0, b"\x0a\x01a", ""))


class Delimited(unittest.TestCase):
    def test_errors_are_answers_like_others(self):
        t = Transcoder("json", "binary")
        for i in range(3000):
            if i % 3 == 0:
                with self.assertRaises(Refused) as caught:
                    t(b'{"i32": 1,\n "node": {"n": "x%d"}}' % i)
                self.assertEqual(
                    str(caught.exception),
                    '2:16: node.n: expected an int32, found "x%d"' % i)
            else:
                self.assertEqual(All.FromString(t(b'{"i32":%d}' % i)).i32, i)
        self.assertEqual(t(b"{}"), b"")
        t.close()

    def test_errors_of_binary_input_tell_the_byte(self):
        t = Transcoder("binary", "json")
        self.assertEqual(t(b""), b"{}")
        with self.assertRaises(Refused) as caught:
            t(b"\x08\x01\x8a\x01\x05")
        self.assertTrue(str(caught.exception).startswith("byte "),
                        caught.exception)
        self.assertEqual(t(b"\x08\x01"), b'{"i32":1}')
        t.close()

    def test_messages_may_be_large_and_come_in_any_pieces(self):
        text = json.dumps({"rText": ["x" * 1000] * 3000}).encode()
        data = (struct.pack("<I", len(text)) + text
                + struct.pack("<I", 2) + b"{}") * 2
        done = subprocess.Popen(
            transcoder.command("json", "json", "--delimited"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

        def feed():
            for at in range(0, len(data), 99991):
                done.stdin.write(data[at:at + 99991])
                done.stdin.flush()
            done.stdin.close()
        thread = threading.Thread(target=feed)
        thread.start()
        out = done.stdout.read()
        thread.join()
        done.stdout.close()
        self.assertEqual(done.wait(PATIENCE), 0)
        compact = text.replace(b" ", b"")
        self.assertEqual(out, (struct.pack("<I", len(compact)) + compact
                               + struct.pack("<I", 2) + b"{}") * 2)

    def test_an_end_within_a_message_is_an_error(self):
        for data in (b"\x01", b"\x05\0\0\0{}", b"\x02\0\0\0"):
            with self.subTest(data):
                status, out, err = run(data, "json", "json", "--delimited")
                self.assertEqual((status, out), (1, b""))
                self.assertEqual(err, "sluice: stdin: ends within a message\n")
        status, out, err = run(b"\x02\0\0\0{}\xff\xff\xff\xff", "json",
                               "json", "--delimited")
        self.assertEqual((status, out), (1, b"\x02\0\0\0{}"))
        self.assertIn("2 GiB", err)


class Failures(unittest.TestCase):
    def test_errors_tell_line_column_and_path(self):
        for text, expected in (
                (b'{"node":\n {"next": {"n": 1.5}}}',
                 "sluice: stdin:2:17: node.next.n: expected an int32, "),
                (b'{"rNode": [{}, {"nn": 1}]}',
                 "sluice: stdin:1:17: rNode[1]"),
                (b'{"i32": 1} x', "sluice: stdin:1:12: "),
                (b'', "sluice: stdin:1:1: "),
                (b'[]', "sluice: stdin:1:1: ")):
            with self.subTest(text):
                status, out, err = run(text, "json", "binary")
                self.assertEqual((status, out), (1, b""))
                self.assertTrue(err.startswith(expected), err)
                self.assertEqual(err.count("\n"), 1)

    def test_wrong_usage_is_2(self):
        good = transcoder.command("json", "json")
        for args in (
                good[:2], good[:-2], good[:2] + good[4:],
                good[:4] + good[6:], good + ["x"], good + ["--nope"],
                good + ["--to"], good + ["--to", "yaml"],
                good + ["--from", ""], good + ["--option"],
                good + ["--option", "nope"], good + ["--option", "pretty=1"],
                good + ["--option", "max_depth"],
                good + ["--option", "max_depth=0"],
                good + ["--option", "max_depth=1x"],
                good + ["--option", "max_depth=1001"],
                good + ["--delimited=yes"]):
            with self.subTest(args[2:]):
                done = subprocess.run(args, input=b"{}", capture_output=True,
                                      timeout=PATIENCE)
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertTrue(
                    done.stderr.startswith(b"sluice: transcode: "),
                    done.stderr)

    def test_what_cannot_be_loaded_is_1(self):
        for kwargs, expected in (
                ({"schema": "/no/such.pb"}, "sluice: /no/such.pb: "),
                ({"schema": __file__}, "sluice: %s: " % __file__),
                ({"type": "no.Such"}, "sluice: transcode: the schema has no")):
            with self.subTest(kwargs):
                status, out, err = run(b"{}", "json", "json", **kwargs)
                self.assertEqual((status, out), (1, b""))
                self.assertTrue(err.startswith(expected), err)

    def test_help(self):
        done = subprocess.run([transcoder.PROGRAM, "transcode", "--help"],
                              capture_output=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(b"--delimited", done.stdout)

    def test_a_reader_that_is_gone_is_an_error_not_a_signal(self):
        text = json.dumps({"rText": ["x" * 1000] * 3000}).encode()
        receive, send = os.pipe()
        os.close(receive)
        done = subprocess.run(transcoder.command("json", "json"), input=text,
                              stdout=send, stderr=subprocess.PIPE,
                              timeout=PATIENCE)
        os.close(send)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, b"sluice: stdout: Broken pipe\n")

    def test_a_message_set_is_refused(self):
        status, _, err = run(b'{"set":{}}', "json", "binary", type=OLD)
        self.assertEqual(status, 1)
        self.assertIn("MessageSet", err)


if __name__ == "__main__":
    harness.main()
