#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random JSON through the reader and through the official library.

Random messages are printed by the official library, rewritten in ways that
ProtoJSON calls equal (order, names, quotes, exponents, escapes, spaces) and read
by both: the message must be the same. Then bytes are broken at random: what the
reader takes the official library must take too, as the same message. The other
way round is no fault: the official library for Python is known to be lax about
lone surrogates, spaces and base64. The seed is fixed: a failure comes again.
"""
import json
import os
import random
import re
import struct
import subprocess
import sys
import warnings

try:
    from google.protobuf import (descriptor_pb2, descriptor_pool, json_format,
                                 message_factory)
    from google.protobuf.descriptor import FieldDescriptor as FD
except ImportError:
    print("python3-protobuf is not there: nothing to compare with")
    sys.exit(77)

BUILT = os.environ.get("top_builddir", ".")
TOOL = os.path.join(BUILT, "tests/protobuf/json_to_wire")
SETS = [os.path.join(BUILT, "tests/protobuf", name)
        for name in ("reader.pb", "reader2.pb")]
ROUNDS = int(os.environ.get("ROUNDS", "150"))

rnd = random.Random(20240229)
warnings.simplefilter("ignore")


class Tool:
    """The reader, as a program that answers each text."""

    def __init__(self, name):
        self.process = subprocess.Popen(
            [TOOL, name, *SETS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def block(self):
        n, = struct.unpack("<I", self.process.stdout.read(4))
        return n if n == 0xffffffff else self.process.stdout.read(n)

    def wire(self, text):
        """The bytes, or None and why not."""
        p = self.process
        p.stdin.write(struct.pack("<I", len(text)) + text)
        p.stdin.flush()
        found = self.block()
        if found != 0xffffffff:
            return found, None
        return None, self.block().decode()

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


# ------------------------------------------------------------ random messages

INTS = {
    FD.TYPE_INT32: (31, True), FD.TYPE_SINT32: (31, True),
    FD.TYPE_SFIXED32: (31, True), FD.TYPE_UINT32: (32, False),
    FD.TYPE_FIXED32: (32, False), FD.TYPE_INT64: (63, True),
    FD.TYPE_SINT64: (63, True), FD.TYPE_SFIXED64: (63, True),
    FD.TYPE_UINT64: (64, False), FD.TYPE_FIXED64: (64, False)}
TEXTS = ["", "a", "hello, world", "\"quoted\\ text\"", "line\nbreak\ttab",
         "\u00e9\u20ac\U0001f601", "\x00\x1f\x7f", "x" * 200, "</script>"]


def scalar(f):
    if f.type in INTS:
        bits, signed = INTS[f.type]
        v = rnd.getrandbits(rnd.randint(0, bits))
        return -v if signed and rnd.random() < 0.5 else v
    if f.type == FD.TYPE_BOOL:
        return rnd.random() < 0.5
    if f.type == FD.TYPE_STRING:
        return rnd.choice(TEXTS)
    if f.type == FD.TYPE_BYTES:
        return rnd.randbytes(rnd.choice([0, 1, 2, 3, 4, 30, 150]))
    if f.type == FD.TYPE_ENUM:
        return rnd.choice(f.enum_type.values).number
    v = rnd.choice([0.0, -0.0, 1.5, float("inf"), float("nan"), rnd.random(),
                    rnd.uniform(-1e9, 1e9), 10.0 ** rnd.randint(-30, 30)])
    return v


def well_known(m):
    """Fills a message whose JSON is its own; False: it is an ordinary one."""
    name = m.DESCRIPTOR.full_name
    if name == "google.protobuf.Timestamp":
        m.seconds = rnd.randint(-62135596800, 253402300799)
        m.nanos = rnd.choice([0, 1, 500000000, 999999999, 12000])
    elif name == "google.protobuf.Duration":
        sign = rnd.choice([1, -1])
        m.seconds = sign * rnd.randint(0, 315575999999)
        m.nanos = sign * rnd.choice([0, 1, 500000000, 999999999, 12000])
    elif name == "google.protobuf.FieldMask":
        m.paths.extend(rnd.sample(["a", "foo_bar", "a.b_c", "x1.y_z"], 2))
    elif name == "google.protobuf.Struct":
        for key in rnd.sample(TEXTS, rnd.randint(0, 3)):
            well_known(m.fields[key])
    elif name == "google.protobuf.ListValue":
        for _ in range(rnd.randint(0, 3)):
            well_known(m.values.add())
    elif name == "google.protobuf.Value":
        kind = rnd.randint(0, 5 if rnd.random() < 0.4 else 3)
        if kind == 0:
            m.null_value = 0
        elif kind == 1:
            m.number_value = rnd.choice([0.0, 1.0, -2.5, 1e21, 1e-7])
        elif kind == 2:
            m.string_value = rnd.choice(TEXTS)
        elif kind == 3:
            m.bool_value = rnd.random() < 0.5
        elif kind == 4:
            m.struct_value.SetInParent()
            well_known(m.struct_value)
        else:
            m.list_value.SetInParent()
            well_known(m.list_value)
    elif name == "google.protobuf.Any":
        inner = CLASSES["tests.reader.Tree"]()
        fill(inner, 2)
        m.Pack(inner)
    else:
        return False
    return True


def put(m, f, depth):
    if f.message_type and f.message_type.GetOptions().map_entry:
        value = f.message_type.fields_by_name["value"]
        for _ in range(rnd.randint(0, 4)):
            key = scalar(f.message_type.fields_by_name["key"])
            if value.message_type:
                fill(getattr(m, f.name)[key], depth - 1)
            else:
                getattr(m, f.name)[key] = scalar(value)
    elif f.message_type and f.label == FD.LABEL_REPEATED:
        for _ in range(rnd.randint(0, 3)):
            fill(getattr(m, f.name).add(), depth - 1)
    elif f.message_type:
        getattr(m, f.name).SetInParent()
        fill(getattr(m, f.name), depth - 1)
    elif f.label == FD.LABEL_REPEATED:
        getattr(m, f.name).extend(
            scalar(f) for _ in range(rnd.randint(0, 4)))
    else:
        setattr(m, f.name, scalar(f))


def fill(m, depth):
    if well_known(m) or depth < 0:
        return
    for f in m.DESCRIPTOR.fields:
        if f.name == "nulls" or (f.message_type and depth == 0 and
                                 f.label != FD.LABEL_REQUIRED):
            continue  # the official library refuses repeated nulls
        if f.label == FD.LABEL_REQUIRED or rnd.random() < 0.4:
            put(m, f, depth)


# ---------------------------------------------------------- random rewritings


def rewrite_string(s):
    """A JSON string, with escapes where none is needed."""
    out = []
    for c in s:
        if rnd.random() < 0.1 and ord(c) < 0x10000:
            out.append("\\u%04x" % ord(c))
        else:
            out.append(json.dumps(c, ensure_ascii=rnd.random() < 0.5)[1:-1])
    return '"' + "".join(out) + '"'


def space():
    return rnd.choice(["", "", "", " ", "\n  ", "\t", "\r\n"])


def rewrite(v):
    """The text of a JSON value, in some order and with some spaces."""
    if isinstance(v, dict):
        items = list(v.items())
        rnd.shuffle(items)
        members = [space() + rewrite_string(k) + space() + ":" + space() +
                   rewrite(w) + space() for k, w in items]
        return "{" + ",".join(members) + space() + "}"
    if isinstance(v, list):
        return "[" + ",".join(space() + rewrite(w) for w in v) + space() + "]"
    if isinstance(v, str):
        return rewrite_string(v)
    if isinstance(v, bool) or v is None:
        return json.dumps(v)
    if isinstance(v, int) and abs(v) < 2 ** 31 and rnd.random() < 0.3:
        return rnd.choice(["%d.0", "%d.000", "%de0", "%d0E-1", '"%d"']) % v
    return json.dumps(v)


def keeps_numbers(m):
    """In these a number cannot become a string, nor a string's end change."""
    return any(name in str(m.DESCRIPTOR.full_name)
               for name in ("WellKnown", "google", "Maps", "reader.M"))


def texts_of(m):
    text = json_format.MessageToJson(
        m, preserving_proto_field_name=rnd.random() < 0.3,
        use_integers_for_enums=rnd.random() < 0.3,
        including_default_value_fields=rnd.random() < 0.2,
        descriptor_pool=POOL, ensure_ascii=rnd.random() < 0.5)
    yield text
    if keeps_numbers(m):
        yield json.dumps(json.loads(text), ensure_ascii=False,
                         separators=(",", ":"))
    else:
        yield rewrite(json.loads(text))


def broken(text):
    text = bytearray(text.encode())
    for _ in range(rnd.randint(1, 2)):
        at = rnd.randrange(len(text)) if text else 0
        what = rnd.randint(0, 3)
        byte = rnd.choice(b'"\\{}[]:,0123456789-+.eEtrufalsn \n\x00\x80\xff')
        if what == 0 and text:
            del text[at]
        elif what == 1 and text:
            text[at] = byte
        elif what == 2:
            text.insert(at, byte)
        else:
            del text[at:at + rnd.randint(1, 8)]
    return bytes(text)


# -------------------------------------------------------------------- reading

# Where the official library for Python is not ProtoJSON's last word: quoted
# integers with an exponent, unknown numbers of closed enums (which it refuses
# and others take), the sign of an integral zero.
DISPUTED = re.compile(r'"-?[0-9.]+[eE]|"closed|-0[^.0-9]')


def is_disputed(text):
    return DISPUTED.search(json.dumps(json.loads(text.decode())))



def official(cls, text):
    """What the official library makes of the text; None: it refuses it."""
    m = cls()
    try:
        json_format.Parse(text.decode(), m, descriptor_pool=POOL)
    except (json_format.ParseError, UnicodeError, ValueError, TypeError,
            AttributeError, OverflowError, KeyError, RecursionError):
        return None
    return m


def normalize(m):
    """Sorts the fields within Anys, whose bytes have no order of their own."""
    for f, v in m.ListFields():
        if not f.message_type:
            continue
        if f.message_type.GetOptions().map_entry:
            if f.message_type.fields_by_name["value"].message_type:
                for w in v.values():
                    normalize(w)
        elif f.label == FD.LABEL_REPEATED:
            for w in v:
                normalize(w)
        else:
            normalize(v)
    if m.DESCRIPTOR.full_name == "google.protobuf.Any" and m.type_url:
        inner = CLASSES[m.type_url.split("/")[-1]].FromString(m.value)
        m.value = canonical(inner)


def canonical(m):
    normalize(m)
    return m.SerializePartialToString(deterministic=True)


def compare(cls, tool, text, is_broken):
    """Whether both agree; prints it when they do not."""
    wire, why = tool.wire(text)
    theirs = official(cls, text)
    if wire is None:
        if is_broken or theirs is None:
            return True
        print("refused:", text, why)
        return False
    ours = cls.FromString(wire)
    if is_broken and (DISPUTED.search(text.decode()) or is_disputed(text)):
        return True
    if theirs is None:
        print("taken:", text)
        return False
    if canonical(ours) != canonical(theirs):
        print("other message:", text, ours, theirs)
        return False
    return True


def run(name):
    cls = CLASSES[name]
    tool = Tool(name)
    passed = failed = 0
    for _ in range(ROUNDS):
        m = cls()
        fill(m, 3)
        for text in texts_of(m):
            cases = [(text.encode(), False)]
            cases += [(broken(text), True) for _ in range(4)]
            for case, is_broken in cases:
                if compare(cls, tool, case, is_broken):
                    passed += 1
                else:
                    failed += 1
    if tool.close() != 0:
        failed += 1
    return passed, failed


POOL = descriptor_pool.DescriptorPool()
for set_path in SETS:
    files = descriptor_pb2.FileDescriptorSet()
    with open(set_path, "rb") as set_file:
        files.ParseFromString(set_file.read())
    for file in files.file:
        POOL.Add(file)
CLASSES = {
    name: message_factory.MessageFactory(POOL).GetPrototype(
        POOL.FindMessageTypeByName(name))
    for name in ("tests.reader.M", "tests.reader.Scalars",
                 "tests.reader.Repeated", "tests.reader.Maps",
                 "tests.reader.Tree", "tests.reader.WellKnown",
                 "tests.reader2.Strict", "tests.reader2.Loose")}

if __name__ == "__main__":
    total = [run(name) for name in CLASSES]
    print("%d passed, %d failed" % (sum(t[0] for t in total),
                                    sum(t[1] for t in total)))
    sys.exit(any(t[1] for t in total))
