# SPDX-License-Identifier: Apache-2.0
"""Other texts for the same message, and texts with something wrong in them.

The rewriter goes down the official library's JSON with the descriptors at hand:
it chooses among the spellings that ProtoJSON allows for each value.
"""

import datetime
import json

from google.protobuf.descriptor import FieldDescriptor as D

from random_values import GOOGLE, INT_BITS, is_map, is_wrapper

NULL_VALUE = GOOGLE + "NullValue"
VALUE_TYPES = [GOOGLE + n for n in ("Struct", "Value", "ListValue")]
TEXT_TYPES = [GOOGLE + n for n in ("Timestamp", "Duration", "FieldMask")]


def takes_null(f):
    """Whether null is a value of the field's type."""
    if f.type == D.TYPE_ENUM:
        return f.enum_type.full_name == NULL_VALUE
    return f.message_type is not None and \
        f.message_type.full_name == GOOGLE + "Value"


def has_value_form(d):
    """Whether an Any has its content as a member "value"."""
    return is_wrapper(d) or d.full_name in VALUE_TYPES + TEXT_TYPES + \
        [GOOGLE + "Any"]


def field_of(pool, d, name):
    """The field that a member's name means, or None."""
    for f in d.fields:
        if f.json_name == name:
            return f
    if name in d.fields_by_name:
        return d.fields_by_name[name]
    if name[:1] == "[" and name[-1:] == "]":
        try:
            f = pool.FindExtensionByName(name[1:-1])
        except KeyError:
            return None
        return f if f.containing_type == d else None
    return None


STRANGE = ["null", "true", "-1.5e300", '"\\ud83d\\ude01"', "[]", "{}",
           '[1,[null,{"a":{"b":[""]}}]]', '{"@type":"x","":[{},{}]}',
           "1" * 400, "1e999999", '"' + "long " * 40 + '"']


class Rewriter:
    def __init__(self, rnd, pool):
        self.rnd = rnd
        self.pool = pool
        self.has_strangers = False  # members that no schema knows

    # ---- JSON

    def string(self, s):
        out = []
        for c in s:
            units = c.encode("utf-16-be")
            if self.rnd.random() < 0.1:
                form = self.rnd.choice(["\\u%02x%02x", "\\u%02X%02X"])
                out += [form % (units[i], units[i + 1])
                        for i in range(0, len(units), 2)]
            elif c == "/" and self.rnd.random() < 0.5:
                out.append("\\/")
            else:
                ascii = self.rnd.random() < 0.3
                out.append(json.dumps(c, ensure_ascii=ascii)[1:-1])
        return '"' + "".join(out) + '"'

    def space(self):
        return self.rnd.choice(["", "", "", "", " ", "\n  ", "\t", "\r\n"])

    def array(self, parts):
        s = self.space
        return "[" + ",".join(s() + p + s() for p in parts) + s() + "]"

    def object(self, members):
        s = self.space
        self.rnd.shuffle(members)
        return "{" + ",".join(
            s() + self.string(k) + s() + ":" + s() + v + s()
            for k, v in members) + s() + "}"

    def plain(self, v):
        """A value of no schema, as in a Struct."""
        if isinstance(v, dict):
            return self.object([(k, self.plain(w)) for k, w in v.items()])
        if isinstance(v, list):
            return self.array([self.plain(w) for w in v])
        if isinstance(v, str):
            return self.string(v)
        if isinstance(v, float):
            return self.real(v)
        return json.dumps(v)

    # ---- Scalars

    def quoted(self, text):
        return '"%s"' % text if self.rnd.random() < 0.4 else text

    def integer(self, n):
        forms = ["%d", "%d", "%d", "%d.0", "%d.000", "%de0", "%d.0e+0"]
        if n != 0:
            forms += ["%d0E-1", "%d00e-02"]
        return self.quoted(self.rnd.choice(forms) % n)

    def real(self, v):
        forms = [repr(v), repr(v), "%.17e" % v, "%.20E" % v, "%.40e" % v]
        if v.is_integer() and abs(v) < 1e300:
            forms += ["%d" % v if v or repr(v) == "0.0" else repr(v),
                      "%.3f" % v]
        return self.rnd.choice(forms)

    def bytes(self, text):
        text = self.rnd.choice([text, text.rstrip("=")])
        if self.rnd.random() < 0.5:
            text = text.replace("+", "-").replace("/", "_")
        return self.string(text)

    def enum(self, f, v):
        if v is None or f.enum_type.full_name == NULL_VALUE:
            return self.rnd.choice(["null", '"NULL_VALUE"', "0", "0.0"])
        number = v if isinstance(v, int) else \
            f.enum_type.values_by_name[v].number
        names = [w.name for w in f.enum_type.values if w.number == number]
        return self.rnd.choice(
            [self.string(self.rnd.choice(names or [""])) if names else
             "%d" % number, "%d" % number, "%d.0" % number, "%de0" % number])

    def scalar(self, f, v):
        if f.type in INT_BITS:
            return self.integer(int(v))
        if f.type == D.TYPE_ENUM:
            return self.enum(f, v)
        if f.type == D.TYPE_BYTES:
            return self.bytes(v)
        if f.type == D.TYPE_STRING:
            return self.string(v)
        if f.type == D.TYPE_BOOL:
            return json.dumps(v)
        return self.string(v) if isinstance(v, str) else \
            self.quoted(self.real(float(v)))

    # ---- Well-known types

    def timestamp(self, v):
        """With an offset, where the year stays within four digits."""
        if v[:4] in ("0001", "9999") or self.rnd.random() < 0.5:
            return v
        at = datetime.datetime.strptime(v[:19], "%Y-%m-%dT%H:%M:%S")
        offset = self.rnd.randint(-23 * 60 - 59, 23 * 60 + 59)
        at += datetime.timedelta(minutes=offset)
        return "%04d-%s%s%s%02d:%02d" % (
            at.year, at.strftime("%m-%dT%H:%M:%S"), v[19:-1],
            "-" if offset < 0 else "+", *divmod(abs(offset), 60))

    def duration(self, v):
        if "." not in v or self.rnd.random() < 0.5:
            return v
        whole, fraction = v[:-1].split(".")
        fraction = fraction.rstrip("0") or "0"
        return "%s.%ss" % (whole, fraction.ljust(self.rnd.randrange(10), "0"))

    def any(self, v):
        if not v:
            return "{}"
        d = self.pool.FindMessageTypeByName(v["@type"].split("/")[-1])
        if has_value_form(d):
            members = [("value", self.message(d, v["value"]))]
        else:
            rest = {k: w for k, w in v.items() if k != "@type"}
            members = self.members(d, rest)
        return self.object([("@type", self.string(v["@type"]))] + members)

    # ---- Messages

    def name(self, d, f, name):
        if f.is_extension or self.rnd.random() < 0.6 or \
                field_of(self.pool, d, f.name) != f:
            return name
        return f.name

    def field(self, f, v):
        if is_map(f):
            key, value = f.message_type.fields
            return self.object([(k, self.one(value, w)) for k, w in v.items()])
        if f.label == D.LABEL_REPEATED:
            return self.array([self.one(f, w) for w in v])
        return self.one(f, v)

    def one(self, f, v):
        return self.message(f.message_type, v) if f.message_type else \
            self.scalar(f, v)

    def members(self, d, v):
        found = []
        seen = set()
        for name, w in v.items():
            f = field_of(self.pool, d, name)
            seen.add(f.number)
            found.append((self.name(d, f, name), self.field(f, w)))
        for f in d.fields:
            if f.number not in seen and self.rnd.random() < 0.1 and (
                    f.label == D.LABEL_REPEATED or not takes_null(f)):
                found.append((self.name(d, f, f.json_name), "null"))
        if self.has_strangers and self.rnd.random() < 0.5:
            found.append((self.rnd.choice(["no such", "[no.such]", "", "{"]),
                          self.rnd.choice(STRANGE)))
        return found

    def message(self, d, v):
        if is_wrapper(d):
            return self.scalar(d.fields[0], v)
        if d.full_name in VALUE_TYPES:
            return self.plain(v)
        if d.full_name == GOOGLE + "Any":
            return self.any(v)
        if d.full_name == GOOGLE + "Timestamp":
            return self.string(self.timestamp(v))
        if d.full_name == GOOGLE + "Duration":
            return self.string(self.duration(v))
        if d.full_name == GOOGLE + "FieldMask":
            return self.string(v)
        return self.object(self.members(d, v))


# ---- Something wrong --------------------------------------------------------

AWKWARD = [
    "null", "true", "false", "0", "-0", "1", "-1", "1.5", "1e2", "-0.0", '""',
    '"1"', '"-1"', '" 1"', '"1 "', '"01"', '"+1"', '"1_0"', '"1e2"', '"1.0"',
    '"0x10"', '"true"', '"NaN"', '"nan"', '"Infinity"', '"-Infinity"', '"inf"',
    '".5"', '"1."', '"\\u0661"', "NaN", "Infinity", "-Infinity", "2147483647",
    "2147483648", "-2147483649", "4294967295", "4294967296",
    "9223372036854775807", "9223372036854775808", "18446744073709551615",
    "18446744073709551616", '"-9223372036854775809"', "9007199254740993.0",
    "1e19", "1.00000000000000000001", "3.4028235e38", "3.4028236e38", "1e39",
    '"1e39"', "1" + "0" * 39, "1.7976931348623157e308", "1.8e308", '"1.8e308"',
    "1e400", "1" + "0" * 400, "5e-325", "1e-400", "1e536870000",
    '"1e536870000"', "0e99999", "[]", "{}", "[null]", "[[]]", "[{}]", "[1]",
    '[""]', '{"":null}', '{"1":1}', '{"a":{}}', '{"value":1}', '"AQI="',
    '"AQI"', '"AQ=="', '"AQ="', '"AQ"', '"A"', '"A==="', '"A Q I="', '"-_"',
    '"+/-_"', '"AB"', '"AQI=="', '"*"', '"\\u00e9"', '"\\ud83d"', '"\\ude01"',
    '"\\ud83d\\ude01"', '"\\u0000"', '"NULL_VALUE"', '"A_0"', '"0"', '"foo_bar"',
    '"fooBar"', '"a,"', '"a,,b"', '"a..b"', '"Foo"', '"a b"', '"1s"', '"-1.5s"',
    '"1.5"', '"+1s"', '".5s"', '"1.s"', '" 1s"', '"-0.5s"', '"--1s"', '"1e3s"',
    '"1.0000000001s"', '"315576000000s"', '"315576000001s"',
    '"315576000000.999999999s"', '"-s"', '"s"', '"1970-01-01T00:00:00Z"',
    '"1970-01-01T00:00:00z"', '"1970-01-01t00:00:00Z"',
    '"1970-01-01T00:00:00"', '"1970-01-01 00:00:00Z"',
    '"1970-01-01T00:00:00.Z"', '"1970-01-01T00:00:60Z"',
    '"1970-01-01T24:00:00Z"', '"1970-1-01T00:00:00Z"', '"1970-02-29T00:00:00Z"',
    '"2000-02-29T00:00:00Z"', '"1900-02-29T00:00:00Z"',
    '"1970-01-01T00:00:00+0800"', '"1970-01-01T00:00:00+08:00"',
    '"1970-01-01T00:00:00+24:00"', '"1970-01-01T00:00:00-00:60"',
    '"0001-01-01T00:00:00Z"', '"0001-01-01T00:00:00+00:01"',
    '"0001-01-01T00:00:00-00:01"', '"9999-12-31T23:59:59.999999999Z"',
    '"9999-12-31T23:59:59-00:01"', '"10000-01-01T00:00:00Z"',
    '"0000-01-01T00:00:00Z"', '"1970-01-01T00:00:00.0123456789Z"',
    '"1970-01-01T00:00:00.1+00:00"', '"1970-01-01T00:00:00Z "',
    '{"@type":""}', '{"@type":"x"}', '{"@type":"a/no.Such"}', '{"@type":null}',
    '{"@type":"a/google.protobuf.Empty"}',
    '{"@type":"google.protobuf.Empty"}',
    '{"@type":"a/google.protobuf.Empty","a":1}',
    '{"@type":"a/google.protobuf.Duration"}',
    '{"@type":"a/google.protobuf.Duration","value":"1s","x":1}',
    '{"@type":"a/google.protobuf.Value","value":null}',
    '{"@type":"a/google.protobuf.Int32Value","value":null}',
    '{"@type":"a/google.protobuf.Int32Value","value":"7"}',
    '{"@type":"a/google.protobuf.Any","value":{}}',
    '{"value":"1s","@type":"a/google.protobuf.Duration"}',
]


class Breaker:
    def __init__(self, rnd):
        self.rnd = rnd

    def places(self, v):
        """Where values are: (container, key), as deep as they go."""
        items = v.items() if isinstance(v, dict) else \
            enumerate(v) if isinstance(v, list) else ()
        for key, w in items:
            yield v, key
            yield from self.places(w)

    def awkward(self, text, pool, d):
        """Puts a value where it may not belong, or a member too many."""
        v = json.loads(text)
        mark = "\uf8ff hole"
        places = list(self.places(v))
        fresh = self.rnd.choice(d.fields)
        if not places or self.rnd.random() < 0.3:
            places = [(v, self.rnd.choice(
                [fresh.json_name, fresh.name, "no such"]))]
        container, key = self.rnd.choice(places)
        if isinstance(container, dict) and self.rnd.random() < 0.3:
            key = self.rnd.choice(["1", "01", "", "true", "+1", "1.0", "1e0",
                                   "[a.b]", key.upper(), key + " "])
        container[key] = mark
        return json.dumps(v).replace(json.dumps(mark),
                                     self.rnd.choice(AWKWARD)).encode()

    def bytes(self, text):
        text = bytearray(text.encode())
        for _ in range(self.rnd.randint(1, 2)):
            at = self.rnd.randrange(len(text)) if text else 0
            byte = self.rnd.choice(b'"\\{}[]:,0123456789-+.eEtun \n\0\x80\xff')
            what = self.rnd.randrange(4)
            if what == 0 and text:
                del text[at]
            elif what == 1 and text:
                text[at] = byte
            elif what == 2:
                text.insert(at, byte)
            else:
                del text[at:at + self.rnd.randint(1, 8)]
        return bytes(text)

