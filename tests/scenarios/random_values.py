# SPDX-License-Identifier: Apache-2.0
"""Random messages of any type, with a liking for the ends of every range."""

import struct

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor as D

import random_schema

GOOGLE = "google.protobuf."
INT_BITS = {
    D.TYPE_INT32: (31, True), D.TYPE_SINT32: (31, True),
    D.TYPE_SFIXED32: (31, True), D.TYPE_UINT32: (32, False),
    D.TYPE_FIXED32: (32, False), D.TYPE_INT64: (63, True),
    D.TYPE_SINT64: (63, True), D.TYPE_SFIXED64: (63, True),
    D.TYPE_UINT64: (64, False), D.TYPE_FIXED64: (64, False)}
TEXTS = ["", "a", "hello, world", '"quoted\\ text"', "line\nbreak\ttab\r\f\b",
         "\u00e9\u20ac\U0001f601", "\x00", "\x00\x1f\x7f", "x" * 200,
         "</script>", "\ue000\uffff", "\U0010ffff", "\u2028\u2029\ufeff", "/",
         "15 bytes of text", "and seventeen now", "\U0001f601" * 20, "NaN",
         "null", "1", "{}", "\u0080\u07ff\u0800"]
DOUBLES = [0.0, -0.0, 1.0, -1.5, 0.1, 1e-7, 1e-6, 1e20, 1e21, 1e22, 1e23,
           123456.789, 5e-324, 2.2250738585072014e-308, 2.225073858507201e-308,
           1.7976931348623157e308, -1.7976931348623157e308, 9007199254740993.0,
           4.35, 0.3, 1 / 3, 2.0 ** 63, 2.0 ** 64, 1e-300, 9.5367431640625e-7]
FLOATS = [0x00000001, 0x00800000, 0x007fffff, 0x7f7fffff, 0xff7fffff,
          0x80000000, 0x3dcccccd, 0x4b800000, 0x5f000000, 0x33d6bf95]
UNFINISHED = [float("nan"), float("inf"), float("-inf")]


def is_map(f):
    return f.type == D.TYPE_MESSAGE and f.message_type.GetOptions().map_entry


def is_wrapper(d):
    return d.file.name == GOOGLE.replace(".", "/") + "wrappers.proto"


class Pool:
    """The official library's view of a schema."""

    def __init__(self, files):
        self.pool = descriptor_pool.DescriptorPool()
        for file in random_schema.set_of(files).file:
            self.pool.Add(file)
        self.factory = message_factory.MessageFactory(self.pool)
        self.names = [n for file in files
                      for n in self._names(self.pool.FindFileByName(file.name)
                                           .message_types_by_name.values())]
        for name in self.names:     # so that their extensions are known
            self.get(name)

    def _names(self, messages):
        for m in messages:
            if not m.GetOptions().map_entry:
                yield m.full_name
                yield from self._names(m.nested_types)

    def get(self, name):
        return self.factory.GetPrototype(self.pool.FindMessageTypeByName(name))


class Values:
    def __init__(self, rnd, pool):
        self.rnd = rnd
        self.pool = pool

    # ---- Scalars

    def integer(self, bits, is_signed):
        low = -2 ** bits if is_signed else 0
        ends = [0, 1, low, 2 ** bits - 1, low + 1, 127, 128, 2 ** 53 + 1]
        if self.rnd.random() < 0.4:
            v = self.rnd.choice(ends)
        else:
            v = self.rnd.getrandbits(self.rnd.randint(0, bits))
            if is_signed and self.rnd.random() < 0.5:
                v = -v
        return min(max(v, low), 2 ** bits - 1)

    def double(self):
        roll = self.rnd.random()
        if roll < 0.4:
            return self.rnd.choice(DOUBLES)
        if roll < 0.6:
            return self.rnd.randrange(-10 ** 9, 10 ** 9) / \
                10 ** self.rnd.randrange(9)
        v, = struct.unpack("<d", self.rnd.randbytes(8))
        return v if v == v and abs(v) != float("inf") else 1.0

    def float(self):
        bits = self.rnd.choice(FLOATS) if self.rnd.random() < 0.4 else \
            self.rnd.getrandbits(32)
        v, = struct.unpack("<f", struct.pack("<I", bits))
        return v if v == v and abs(v) != float("inf") else 1.5

    def text(self):
        if self.rnd.random() < 0.8:
            return self.rnd.choice(TEXTS)
        return "".join(self.rnd.choices("aZ\"\\/\n\x01\u00e9\u20ac\U0001f601",
                                        k=self.rnd.randrange(70)))

    def scalar(self, f):
        if f.type in INT_BITS:
            return self.integer(*INT_BITS[f.type])
        if f.type == D.TYPE_BOOL:
            return self.rnd.random() < 0.5
        if f.type == D.TYPE_STRING:
            return self.text()
        if f.type == D.TYPE_BYTES:
            return self.rnd.randbytes(self.rnd.choice(
                [0, 1, 2, 3, 4, 5, 6, 11, 12, 30, 31, 32, 150]))
        if f.type == D.TYPE_ENUM:
            return self.enum(f)
        if self.rnd.random() < 0.1:
            return self.rnd.choice(UNFINISHED)
        return self.float() if f.type == D.TYPE_FLOAT else self.double()

    def enum(self, f):
        """Unknown numbers where both the file and the enum leave them."""
        is_open = f.file.syntax == f.enum_type.file.syntax == "proto3" and \
            f.enum_type.full_name != GOOGLE + "NullValue"
        if is_open and self.rnd.random() < 0.15:
            return self.rnd.choice([77, -77, 2 ** 31 - 1, -2 ** 31])
        return self.rnd.choice(f.enum_type.values).number

    # ---- Well-known types

    def nanos(self):
        return self.rnd.choice([0, 0, 1, 999999999, 500000000, 120000,
                                1000, self.rnd.randrange(10 ** 9)])

    def timestamp(self, m, depth):
        m.seconds = self.rnd.choice([0, -1, -62135596800, 253402300799,
                                     self.rnd.randint(-62135596800,
                                                      253402300799)])
        m.nanos = self.nanos()

    def duration(self, m, depth):
        sign = self.rnd.choice([1, -1])
        m.seconds = sign * self.rnd.choice([0, 1, 315576000000,
                                            self.rnd.randint(0, 10 ** 11)])
        m.nanos = sign * self.nanos()

    def mask(self, m, depth):
        m.paths.extend(self.rnd.choices(
            ["a", "foo_bar", "a.b_c", "x1.y_z", "_lead", "a.b.c_d_e", "f"],
            k=self.rnd.choice([0, 1, 2, 5])))

    def value(self, m, depth):
        kind = self.rnd.randrange(6 if depth > 0 else 4)
        if kind == 0:
            m.null_value = 0
        elif kind == 1:
            m.number_value = self.double()
        elif kind == 2:
            m.string_value = self.text()
        elif kind == 3:
            m.bool_value = self.rnd.random() < 0.5
        elif kind == 4:
            m.struct_value.SetInParent()
            self.structure(m.struct_value, depth - 1)
        else:
            m.list_value.SetInParent()
            self.list(m.list_value, depth - 1)

    def structure(self, m, depth):
        for _ in range(self.rnd.randrange(4)):
            key = self.text()
            m.fields[key].Clear()
            self.value(m.fields[key], depth)

    def list(self, m, depth):
        for _ in range(self.rnd.randrange(4)):
            self.value(m.values.add(), depth)

    def any(self, m, depth):
        if depth <= 0:
            return
        known = [n[1:] for n in random_schema.KNOWN]
        inner = self.pool.get(self.rnd.choice(
            known if self.rnd.random() < 0.4 else self.pool.names))()
        self.fill(inner, depth - 1)
        m.type_url = self.rnd.choice(["type.googleapis.com/", "a/", "x.y/z/"]) \
            + inner.DESCRIPTOR.full_name
        m.value = inner.SerializePartialToString(deterministic=True)

    KINDS = {"Timestamp": timestamp, "Duration": duration, "FieldMask": mask,
             "Value": value, "Struct": structure, "ListValue": list,
             "Any": any}

    # ---- Messages

    def target(self, m, f):
        return m.Extensions[f] if f.is_extension else getattr(m, f.name)

    def put_map(self, m, f, depth):
        key, value = f.message_type.fields
        for _ in range(self.rnd.choice([1, 1, 2, 5])):
            k = self.scalar(key)
            if value.message_type:
                entry = self.target(m, f)[k]
                entry.Clear()
                self.fill(entry, depth - 1)
            else:
                self.target(m, f)[k] = self.scalar(value)

    def put(self, m, f, depth):
        if is_map(f):
            self.put_map(m, f, depth)
        elif f.label == D.LABEL_REPEATED:
            for _ in range(self.rnd.choice([1, 1, 2, 5])):
                if f.message_type:
                    self.fill(self.target(m, f).add(), depth - 1)
                else:
                    self.target(m, f).append(self.scalar(f))
        elif f.message_type:
            self.target(m, f).SetInParent()
            self.fill(self.target(m, f), depth - 1)
        elif f.is_extension:
            m.Extensions[f] = self.scalar(f)
        else:
            setattr(m, f.name, self.scalar(f))

    def fields(self, d):
        found = list(d.fields)
        if d.is_extendable:
            found += sorted(self.pool.pool.FindAllExtensions(d),
                            key=lambda f: f.number)
        return found

    def fill(self, m, depth):
        d = m.DESCRIPTOR
        kind = self.KINDS.get(d.name) if d.file.package + "." == GOOGLE else None
        if kind:
            kind(self, m, depth)
            return
        often = self.rnd.choice([0.2, 0.5, 0.9])
        for f in self.fields(d):
            if f.label == D.LABEL_REQUIRED or (
                    self.rnd.random() < often and
                    (depth > 0 or not f.message_type)):
                self.put(m, f, depth)

    def chain(self, m, levels):
        """One message in another, as deep as the types allow."""
        name = m.DESCRIPTOR.full_name
        if name == GOOGLE + "Value":
            m.list_value.SetInParent()
            m = m.list_value
        below = [f for f in self.fields(m.DESCRIPTOR) if f.message_type and (
            f.message_type.full_name in self.pool.names or
            f.message_type.name in ("Value", "ListValue"))]
        if not below or levels == 0:
            return
        f = self.rnd.choice(below)
        if f.label == D.LABEL_REPEATED:
            inner = self.target(m, f).add()
        else:
            inner = self.target(m, f)
            inner.SetInParent()
        self.fill(inner, 0)
        self.chain(inner, levels - 1)

    def message(self, name, depth=3):
        m = self.pool.get(name)()
        self.fill(m, depth)
        return m
