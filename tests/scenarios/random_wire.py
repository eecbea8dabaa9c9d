# SPDX-License-Identifier: Apache-2.0
"""Other wire format for the same message, and for other ones.

Records in another order, submessages in pieces, lists packed and unpacked,
unknown fields, values twice, numbers in more bytes than they need; and damage.
"""

from google.protobuf.descriptor import FieldDescriptor as D

from random_schema import varint

VARINTS = [D.TYPE_INT32, D.TYPE_INT64, D.TYPE_UINT32, D.TYPE_UINT64,
           D.TYPE_SINT32, D.TYPE_SINT64, D.TYPE_BOOL, D.TYPE_ENUM]
WIDTHS = {D.TYPE_FIXED32: 4, D.TYPE_SFIXED32: 4, D.TYPE_FLOAT: 4,
          D.TYPE_FIXED64: 8, D.TYPE_SFIXED64: 8, D.TYPE_DOUBLE: 8}
SIZES = {1: 8, 5: 4}


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def skip(data, at, kind, number):
    """Where the record's payload ends, and where its content does."""
    if kind == 0:
        end = read_varint(data, at)[1]
        return end, end
    if kind in SIZES:
        return at + SIZES[kind], at + SIZES[kind]
    if kind == 2:
        n, at = read_varint(data, at)
        return at + n, at + n
    while True:
        before = at
        tag, at = read_varint(data, at)
        if tag & 7 == 4:
            return at, before
        at = skip(data, at, tag & 7, tag >> 3)[0]


def records(data):
    """[(number, wire type, content)] of well-formed wire format."""
    found, at = [], 0
    while at < len(data):
        tag, at = read_varint(data, at)
        end, stop = skip(data, at, tag & 7, tag >> 3)
        begin = read_varint(data, at)[1] if tag & 7 == 2 else at
        found.append((tag >> 3, tag & 7, data[begin:stop]))
        at = end
    return found


def join(parts):
    out = []
    for number, kind, content in parts:
        out.append(varint(number << 3 | kind))
        if kind == 2:
            out.append(varint(len(content)))
        out.append(content)
        if kind == 3:
            out.append(varint(number << 3 | 4))
    return b"".join(out)


class Mutator:
    def __init__(self, rnd, values):
        self.rnd = rnd
        self.values = values

    def fields(self, d):
        return {f.number: f for f in self.values.fields(d)}

    # ---- One record into others

    def pieces(self, f, number, kind, content):
        """A submessage, perhaps in two parts."""
        content = self.mutate(f.message_type, content)
        if f.label == D.LABEL_REPEATED or self.rnd.random() < 0.7:
            return [(number, kind, content)]
        parts = records(content)
        at = self.rnd.randint(0, len(parts))
        return [(number, kind, join(parts[:at])),
                (number, kind, join(parts[at:]))]

    def elements(self, f, content):
        at = 0
        while at < len(content):
            end = at + WIDTHS[f.type] if f.type in WIDTHS else \
                read_varint(content, at)[1]
            yield content[at:end]
            at = end

    def repack(self, f, number, kind, content):
        if self.rnd.random() < 0.4:
            return [(number, kind, content)]
        if kind != 2:
            return [(number, 2, content)]
        one = {4: 5, 8: 1}.get(WIDTHS.get(f.type), 0)
        return [(number, one, e) for e in self.elements(f, content)]

    def wide(self, f, content):
        """The same number, not in its shortest form."""
        value, _ = read_varint(content, 0)
        roll = self.rnd.random()
        if roll < 0.1 and f.type == D.TYPE_BOOL and value:
            return varint(self.rnd.choice([2, 128, 2 ** 63]))
        if roll < 0.2 and f.type in (D.TYPE_INT32, D.TYPE_ENUM):
            return varint(value & 0xffffffff)
        if roll < 0.3 and f.type in (D.TYPE_INT32, D.TYPE_UINT32, D.TYPE_SINT32,
                                     D.TYPE_ENUM):
            return varint(value | self.rnd.choice([1 << 32, 1 << 63]))
        if roll < 0.4 and len(content) < 9:
            return content[:-1] + bytes([content[-1] | 128, 128, 0])
        return content

    def record(self, f, number, kind, content):
        if f is None:
            return [(number, kind, content)]
        if f.message_type and kind in (2, 3):
            return self.pieces(f, number, kind, content)
        if f.type in VARINTS and kind == 0:
            content = self.wide(f, content)
        if f.label == D.LABEL_REPEATED and (f.type in VARINTS or
                                            f.type in WIDTHS):
            return self.repack(f, number, kind, content)
        return [(number, kind, content)]

    # ---- Records that were not there

    def stranger(self, depth=2):
        """A record that no message knows, or knows with another type."""
        kind = self.rnd.choice([0, 1, 2, 3, 5] if depth else [0, 1, 2, 5])
        number = self.rnd.choice([1, 2, 3, 15, 16, 1000, 18999, 19500, 2 ** 20,
                                  2 ** 29 - 1])
        content = {
            0: lambda: varint(self.rnd.getrandbits(self.rnd.choice([7, 64]))),
            1: lambda: self.rnd.randbytes(8),
            2: lambda: self.rnd.randbytes(self.rnd.choice([0, 1, 5])),
            3: lambda: join([self.stranger(depth - 1)
                             for _ in range(self.rnd.randrange(3))]),
            5: lambda: self.rnd.randbytes(4)}[kind]()
        return number, kind, content

    def again(self, d, wire):
        """Some other message's records, which are merged with these."""
        m = self.values.message(d.full_name, 2)
        other = records(m.SerializePartialToString(deterministic=True))
        return self.rnd.sample(other, min(len(other), 3))

    def mutate(self, d, wire):
        """A message of that type, as different as merging allows."""
        known = self.fields(d)
        parts = []
        for number, kind, content in records(wire):
            parts += self.record(known.get(number), number, kind, content)
        if self.rnd.random() < 0.15:
            parts += self.again(d, wire)
        if self.rnd.random() < 0.15:
            parts.insert(self.rnd.randint(0, len(parts)), self.stranger())
        if self.rnd.random() < 0.15 and parts:
            parts.insert(self.rnd.randint(0, len(parts)),
                         self.rnd.choice(parts))
        if self.rnd.random() < 0.3:
            self.rnd.shuffle(parts)
        return join(parts)

    def damage(self, wire):
        data = bytearray(wire)
        for _ in range(self.rnd.choice([1, 1, 2, 5])):
            if data:
                data[self.rnd.randrange(len(data))] = self.rnd.randrange(256)
        if self.rnd.random() < 0.3:
            del data[self.rnd.randrange(len(data) + 1):]
        return bytes(data)
