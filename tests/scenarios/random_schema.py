# SPDX-License-Identifier: Apache-2.0
"""Random schemas: everything that a .proto file can say about messages.

Two files, each proto2 or proto3, the second of which uses the first. as_edition
says the same of them in edition 2023, by features; the official library of
this age does not know editions, but may be told the file as it was.
"""

from google.protobuf import (any_pb2, descriptor_pb2, duration_pb2, empty_pb2,
                             field_mask_pb2, struct_pb2, timestamp_pb2,
                             wrappers_pb2)
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as F

KNOWN_FILES = (any_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2,
               timestamp_pb2, wrappers_pb2)
KNOWN = [".google.protobuf." + name for name in (
    "Any", "Duration", "Empty", "FieldMask", "Struct", "Value", "ListValue",
    "Timestamp", "DoubleValue", "FloatValue", "Int64Value", "UInt64Value",
    "Int32Value", "UInt32Value", "BoolValue", "StringValue", "BytesValue")]
NULL = ".google.protobuf.NullValue"
INTS = [F.TYPE_INT32, F.TYPE_INT64, F.TYPE_UINT32, F.TYPE_UINT64,
        F.TYPE_SINT32, F.TYPE_SINT64, F.TYPE_FIXED32, F.TYPE_FIXED64,
        F.TYPE_SFIXED32, F.TYPE_SFIXED64]
SCALARS = INTS + [F.TYPE_FLOAT, F.TYPE_DOUBLE, F.TYPE_BOOL, F.TYPE_STRING,
                  F.TYPE_BYTES]
KEYS = INTS + [F.TYPE_BOOL, F.TYPE_STRING]
MAX_NUMBER = 2 ** 29 - 1
EXTENSIONS = 1 << 20        # where the range of every extendable message begins
WORDS = ["a", "b", "foo", "bar", "id", "Big", "URL", "x1", "2nd", "value",
         "type", "n", "very_long_name_that_goes_on_and_on"]
OWN_NAMES = ["in the way", "\u00e9t\u00e9", "\U0001f600", "a.b", 'q"uote',
             "back\\slash", "<&>", "1", "-", "null", "x" * 200, "/", "$ref",
             "\u2028"]


class Names:
    """Names that differ in more than case and underscores."""

    def __init__(self, rnd):
        self.rnd = rnd
        self.taken = set()

    def claim(self, name):
        key = name.replace("_", "").lower()
        if key in self.taken:
            return False
        self.taken.add(key)
        return True

    def field(self):
        while True:
            parts = self.rnd.choices(WORDS, k=self.rnd.choice([1, 1, 2, 3]))
            name = self.rnd.choice(["_", "_", "__", ""]).join(parts)
            name = self.rnd.choice(["", "", "", "_"]) + name + \
                self.rnd.choice(["", "", "", "_", str(len(self.taken))])
            if name[0].isdigit():
                name = "_" + name
            if self.claim(name):
                return name

    def own(self):
        """One that only JSON has."""
        fresh = [n for n in OWN_NAMES if n not in self.taken]
        if not fresh:
            return None
        name = self.rnd.choice(fresh)
        self.taken.add(name)
        return name


def camel(name):
    """The name of a map's entry, without its "Entry"."""
    return "".join(p[:1].upper() + p[1:] for p in name.split("_"))


class Maker:
    def __init__(self, rnd):
        self.rnd = rnd
        self.files = []
        self.messages = []      # full names of all so far
        self.enums = []         # (full name, is closed, its numbers)
        self.extendable = []
        self.requiring = set()  # messages with required fields
        self.n_extensions = 0
        self.is_mixed = self.chance(0.1)

    def chance(self, p):
        return self.rnd.random() < p

    # ---- Enums

    def enum(self, into, scope, number):
        """Its values are siblings of the enum, so its name is in theirs."""
        name = "E%d" % number
        e = into.add(name=name)
        pool = [1, 2, 3, 7, -1, -5, 2 ** 31 - 1, -2 ** 31, 100, 127, 128]
        first = 0 if not self.is_old or self.chance(0.5) else \
            self.rnd.choice(pool)
        numbers = [first] + self.rnd.sample(pool, self.rnd.randrange(6))
        if len(set(numbers)) < len(numbers) or self.chance(0.3):
            numbers.append(self.rnd.choice(numbers))
            e.options.allow_alias = True
        for i, n in enumerate(numbers):
            e.value.add(name="%s_%s%d" % (
                name, self.rnd.choice(["A", "b", "Ab_c", "_"]), i), number=n)
        self.enums.append((scope + name, self.is_old, numbers))

    def pick_enum(self):
        """proto3 has open enums only. What a number that an open enum has not
        is in proto2, libraries do not agree on."""
        usable = [e[0] for e in self.enums
                  if e[1] == self.is_old or (self.is_old and self.is_mixed)]
        if self.is_mixed or not self.is_old:
            usable.append(NULL)
        if not usable:
            usable = [e[0] for e in self.enums]
            self.is_mixed = True
        return self.rnd.choice(usable)

    # ---- Fields

    def number(self, taken):
        while True:
            n = self.rnd.choice([
                self.rnd.randint(1, 15), self.rnd.randint(16, 2047),
                self.rnd.randint(2048, 18999), self.rnd.randint(20000, 99999),
                EXTENSIONS - 1])
            if n not in taken:
                taken.add(n)
                return n

    def type_of(self, f, wants_required=False):
        """Gives a singular or repeated field its type."""
        kind = self.rnd.random()
        if kind < 0.5 or (kind >= 0.65 and wants_required):
            f.type = self.rnd.choice(SCALARS)
        elif kind < 0.65:
            f.type = F.TYPE_ENUM
            f.type_name = self.pick_enum()
        elif kind < 0.85 and self.messages:
            f.type = F.TYPE_MESSAGE
            f.type_name = self.rnd.choice(self.messages)
        else:
            f.type = F.TYPE_MESSAGE
            f.type_name = self.rnd.choice(KNOWN)

    def default(self, f):
        """Only proto2 has these, and JSON never shows one."""
        if f.type in INTS:
            f.default_value = "7"
        elif f.type in (F.TYPE_STRING, F.TYPE_BYTES):
            f.default_value = "text"
        elif f.type == F.TYPE_BOOL:
            f.default_value = "true"
        elif f.type in (F.TYPE_FLOAT, F.TYPE_DOUBLE):
            f.default_value = self.rnd.choice(["1.5", "inf", "-inf", "nan"])

    def label(self, f, full_name):
        roll = self.rnd.random()
        if roll < 0.35:
            f.label = F.LABEL_REPEATED
        elif self.is_old and roll < 0.4:
            f.label = F.LABEL_REQUIRED
            self.requiring.add(full_name)
        else:
            f.label = F.LABEL_OPTIONAL

    def pack(self, f):
        if f.label == F.LABEL_REPEATED and self.chance(0.4) and \
                f.type in INTS + [F.TYPE_FLOAT, F.TYPE_DOUBLE, F.TYPE_BOOL,
                                  F.TYPE_ENUM]:
            f.options.packed = self.chance(0.5)

    def plain(self, m, names, full_name, taken):
        f = m.field.add(name=names.field(), number=self.number(taken))
        self.label(f, full_name)
        self.type_of(f, f.label == F.LABEL_REQUIRED)
        self.pack(f)
        if self.is_old and f.label != F.LABEL_REPEATED and self.chance(0.3):
            self.default(f)
        if self.chance(0.1):
            own = names.own()
            if own:
                f.json_name = own

    def map(self, m, names, full_name, taken):
        f = m.field.add(name=names.field(), number=self.number(taken),
                        label=F.LABEL_REPEATED, type=F.TYPE_MESSAGE)
        entry = m.nested_type.add(name=camel(f.name) + "Entry")
        entry.options.map_entry = True
        f.type_name = full_name + "." + entry.name
        entry.field.add(name="key", number=1, label=F.LABEL_OPTIONAL,
                        type=self.rnd.choice(KEYS))
        value = entry.field.add(name="value", number=2, label=F.LABEL_OPTIONAL)
        self.type_of(value)
        if value.type == F.TYPE_ENUM and self.first_of(value.type_name) != 0:
            value.ClearField("type_name")   # a map's enums begin with zero
            value.type = F.TYPE_INT32

    def first_of(self, enum):
        return next((e[2][0] for e in self.enums if e[0] == enum), 0)

    def group(self, m, names, full_name, taken):
        word = names.field().strip("_").title().replace("_", "")
        name = "G" + word
        f = m.field.add(name=name.lower(), number=self.number(taken),
                        type=F.TYPE_GROUP, type_name=full_name + "." + name)
        f.label = self.rnd.choice([F.LABEL_OPTIONAL, F.LABEL_REPEATED])
        inner = m.nested_type.add(name=name)
        self.fill(inner, full_name + "." + name, self.rnd.randrange(4), 0)

    def oneof(self, m, names, full_name, taken):
        at = len(m.oneof_decl)
        m.oneof_decl.add(name="one_%d" % at)
        for _ in range(self.rnd.randint(1, 4)):
            f = m.field.add(name=names.field(), number=self.number(taken),
                            label=F.LABEL_OPTIONAL, oneof_index=at)
            self.type_of(f)

    def optionals(self, m):
        """proto3's, whose oneofs come after all real ones."""
        for f in m.field:
            if f.label == F.LABEL_OPTIONAL and f.type != F.TYPE_MESSAGE and \
                    not f.HasField("oneof_index") and self.chance(0.25):
                f.proto3_optional = True
                f.oneof_index = len(m.oneof_decl)
                m.oneof_decl.add(name="_" + f.name + "_x")

    # ---- Messages and files

    def fill(self, m, full_name, n_fields, depth):
        names, taken = Names(self.rnd), set()
        for i in range(self.rnd.randrange(3) if depth else 0):
            self.message(m.nested_type, full_name + ".", "M%d" % i, depth - 1)
        if depth and self.chance(0.4):
            self.enum(m.enum_type, full_name + ".", 0)
        makers = [self.plain] * 6 + [self.map] * 2 + [self.oneof]
        if self.is_old and depth:
            makers.append(self.group)
        for _ in range(n_fields):
            self.rnd.choice(makers)(m, names, full_name, taken)
        if not self.is_old:
            self.optionals(m)

    def message(self, into, scope, name, depth):
        m = into.add(name=name)
        full_name = scope + name
        if self.is_old and self.chance(0.6):
            m.extension_range.add(start=EXTENSIONS, end=MAX_NUMBER + 1)
            self.extendable.append(full_name)
        self.messages.append(full_name)     # so it may contain itself
        self.fill(m, full_name, self.rnd.choice([0, 1, 3, 6, 14]), depth)
        if full_name in self.requiring:     # these cannot go in a circle
            self.messages.remove(full_name)

    def extend(self, into):
        f = into.add(name="ext_%d" % self.n_extensions,
                     number=EXTENSIONS + self.n_extensions,
                     extendee=self.rnd.choice(self.extendable))
        f.label = self.rnd.choice([F.LABEL_OPTIONAL, F.LABEL_REPEATED])
        self.type_of(f)
        self.pack(f)
        self.n_extensions += 1

    def file(self, name, package, imports):
        f = descriptor_pb2.FileDescriptorProto(name=name, package=package)
        self.is_old = self.chance(0.5)
        if not self.is_old:
            f.syntax = "proto3"
        elif self.chance(0.5):
            f.syntax = "proto2"
        f.dependency.extend(m.DESCRIPTOR.name for m in KNOWN_FILES)
        f.dependency.extend(imports)
        scope = ".%s." % package if package else "."
        for i in range(self.rnd.randrange(1, 3)):
            self.enum(f.enum_type, scope, 10 * (len(self.files) + 1) + i)
        for i in range(self.rnd.randint(1, 3)):
            self.message(f.message_type, scope,
                         "T%d%d" % (len(self.files), i), 2)
        if self.is_old and self.extendable:
            for _ in range(self.rnd.randrange(6)):
                inside = f.message_type[0].extension
                self.extend(self.rnd.choice([f.extension, inside]))
        self.files.append(f)
        return f

    def schema(self):
        self.file("one.proto", self.rnd.choice(["fuzz", "a.b.c", ""]), [])
        last = self.file("two.proto", self.rnd.choice(["fuzz.two", "z"]),
                         ["one.proto"])
        root = last.message_type[-1]
        self.is_old = last.syntax != "proto3"
        if not root.field:
            root.field.add(name="only", number=1, label=F.LABEL_OPTIONAL,
                           type=F.TYPE_STRING)
        return self.files, "%s.%s" % (last.package, root.name)


def make(rnd):
    """(the files but for the well-known ones, the name of a message, whether
    proto2 has open enums)"""
    maker = Maker(rnd)
    return *maker.schema(), maker.is_mixed


def set_of(files):
    """A descriptor set, as protoc would write it."""
    made = descriptor_pb2.FileDescriptorSet()
    for known in KNOWN_FILES:
        known.DESCRIPTOR.CopyToProto(made.file.add())
    for file in files:
        made.file.add().CopyFrom(file)
    return made


# ---- The same in edition 2023 ------------------------------------------------

PRESENCE, ENUM, PACKED, UTF8, ENCODING, JSON = range(1, 7)  # of a FeatureSet


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def set_features(options, number, values):
    """Appends a FeatureSet as the field of that number."""
    data = b"".join(bytes([k << 3, v]) for k, v in values.items())
    options.MergeFromString(varint(number << 3 | 2) + varint(len(data)) + data)


def edition_field(f):
    features = {}
    if f.label == F.LABEL_REQUIRED:
        f.label = F.LABEL_OPTIONAL
        features[PRESENCE] = 3
    if f.proto3_optional:
        f.ClearField("proto3_optional")
        f.ClearField("oneof_index")
        features[PRESENCE] = 1
    if f.type == F.TYPE_GROUP:
        f.type = F.TYPE_MESSAGE
        features[ENCODING] = 2
    if f.options.HasField("packed"):
        features[PACKED] = 1 if f.options.packed else 2
        f.options.ClearField("packed")
    if features:
        set_features(f.options, 21, features)


def edition_message(m):
    synthetic = [f.oneof_index for f in m.field if f.proto3_optional]
    if synthetic:
        del m.oneof_decl[min(synthetic):]
    for f in list(m.field) + list(m.extension):
        edition_field(f)
    for inner in m.nested_type:
        edition_message(inner)


def as_edition(file):
    made = descriptor_pb2.FileDescriptorProto()
    made.CopyFrom(file)
    if file.syntax == "proto3":
        set_features(made.options, 50, {PRESENCE: 2})
    else:
        set_features(made.options, 50, {ENUM: 2, PACKED: 2, UTF8: 3, JSON: 2})
    for m in made.message_type:
        edition_message(m)
    for f in made.extension:
        edition_field(f)
    made.syntax = "editions"
    made.MergeFromString(varint(14 << 3) + varint(1000))
    return made
