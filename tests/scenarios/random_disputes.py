# SPDX-License-Identifier: Apache-2.0
"""Where the official library for Python is not ProtoJSON's last word.

A text is walked with the descriptors at hand, and what that library (3.21) is
known to judge otherwise than the specification is noted by name. LAX: it takes
what must be refused. STRICT: it refuses what must be taken. VALUE: it reads
another value. EITHER: the specification leaves it open. So a difference that
has no name here is a fault, and so is taking a text that has a LAX one.
"""

import datetime
import json
import re

from google.protobuf.descriptor import FieldDescriptor as D

from random_json import (GOOGLE, NULL_VALUE, field_of, has_value_form,
                         takes_null)
from random_values import INT_BITS, is_map, is_wrapper

LAX, STRICT, VALUE, EITHER = range(4)
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
BASE64 = re.compile(r"[A-Za-z0-9+/_-]*(={0,2})\Z")
SURROGATE = re.compile("[\ud800-\udfff]")
TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?"
    r"(Z|([+-])([0-9]{2}):([0-9]{2}))\Z")
DURATION = re.compile(r"(-?)(0|[0-9]+)(?:\.([0-9]{1,9}))?s\Z")
MASK = re.compile(r"(([A-Za-z][A-Za-z0-9]*[.,])*[A-Za-z][A-Za-z0-9]*)?\Z")
FLOAT_MAX = float.fromhex("0x1.fffffep+127")
FLOAT_END = float.fromhex("0x1.ffffffp+127")   # from here on it is infinite


class Number(str):
    """The text of a number."""


class Object(list):
    """The members of an object, in order."""


class Bare(Exception):
    """NaN, Infinity or -Infinity without quotes."""


def bare(text):
    raise Bare(text)


def parse(text):
    return json.loads(text, object_pairs_hook=Object, parse_int=Number,
                      parse_float=Number, parse_constant=bare)


def double(text):
    try:
        return float(text)
    except ValueError:
        return None


def python_int(text):
    try:
        return int(text)
    except ValueError:
        return None


def is_integral(text):
    """An exponent of any size is looked at, not raised to."""
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("-0")
    if not digits:
        return True
    trailing = len(digits) - len(digits.rstrip("0"))
    return int(exponent or 0) - len(fraction) + trailing >= 0


def is_timestamp(s):
    m = TIMESTAMP.match(s)
    if not m:
        return False
    try:
        at = datetime.datetime.strptime(m[1], "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return False
    if m[1][17:19] > "59":
        return False
    if m[4]:
        hours, minutes = int(m[5]), int(m[6])
        if hours > 23 or minutes > 59:
            return False
        offset = datetime.timedelta(hours=hours, minutes=minutes)
        try:
            at = at - offset if m[4] == "+" else at + offset
        except OverflowError:
            return False
    return True


def is_duration(s):
    m = DURATION.match(s)
    return m is not None and int(m[2]) <= 315576000000


class Disputes:
    def __init__(self, pool):
        self.pool = pool
        self.found = set()

    def lax(self, name):
        self.found.add((LAX, name))

    def strict(self, name):
        self.found.add((STRICT, name))

    # ---- Scalars

    def integer(self, f, v):
        if isinstance(v, Number):
            if not INTEGER.match(v) and double(v).is_integer():
                bits, is_signed = INT_BITS[f.type]
                if not is_integral(v):
                    self.lax("fractions that a double does not have")
                elif abs(double(v)) >= 2.0 ** 53:
                    # the value may differ as well as the verdict
                    self.strict("integers with a fraction beyond 2^53")
                    self.found.add((VALUE, "integers as doubles"))
        elif isinstance(v, str) and not INTEGER.match(v):
            if NUMBER.match(v):
                if is_integral(v):
                    self.strict("quoted integers with an exponent or fraction")
            elif python_int(v) is not None:
                self.lax("texts that Python's int() takes")

    def real(self, f, v):
        if isinstance(v, bool):
            self.lax("booleans as floating point")
        elif isinstance(v, str) and v not in ("NaN", "Infinity", "-Infinity"):
            value = double(v)
            if value is None:
                return
            if not NUMBER.match(v):
                self.lax("texts that Python's float() takes")
            elif f.type == D.TYPE_FLOAT and abs(value) >= FLOAT_END:
                self.lax("quoted or integral values beyond the range")
            elif abs(value) == float("inf"):
                self.lax("quoted or integral values beyond the range")
            elif v == "-0" and isinstance(v, Number):
                self.found.add((VALUE, "-0 without a fraction"))
            elif f.type == D.TYPE_FLOAT and abs(value) > FLOAT_MAX:
                self.strict("values that round to the largest float")

    def bytes(self, f, v):
        if not isinstance(v, str) or isinstance(v, Number):
            return
        m = BASE64.match(v)
        if not m or len(v.rstrip("=")) % 4 == 1 or \
                (m[1] and len(v) % 4 != 0):
            self.lax("base64 with other characters, or too many")

    def enum(self, f, v):
        if f.enum_type.full_name == NULL_VALUE and v is None:
            return
        names = f.enum_type.values_by_name
        if isinstance(v, bool):
            self.lax("booleans as enums")
        elif isinstance(v, Number):
            if not is_integral(v):
                self.lax("fractions as enums")
            elif not -2 ** 31 <= double(v) < 2 ** 31:
                self.lax("numbers of enums beyond 32 bits")
            elif double(v) not in f.enum_type.values_by_number:
                self.strict("unknown numbers of closed enums")
        elif isinstance(v, str) and v not in names:
            if NUMBER.match(v):
                self.strict("unknown numbers of closed enums")
                self.found.add((EITHER, "numbers of enums in quotes"))
            elif python_int(v) is not None:
                self.lax("texts that Python's int() takes")

    def scalar(self, f, v):
        if f.type in INT_BITS:
            self.integer(f, v)
        elif f.type in (D.TYPE_DOUBLE, D.TYPE_FLOAT):
            self.real(f, v)
        elif f.type == D.TYPE_BYTES:
            self.bytes(f, v)
        elif f.type == D.TYPE_ENUM:
            self.enum(f, v)

    # ---- Well-known types

    def free(self, v):
        """Inside a Struct, a Value or a ListValue."""
        if isinstance(v, Object):
            for _, w in v:
                self.free(w)
        elif isinstance(v, list):
            for w in v:
                self.free(w)
        elif isinstance(v, Number):
            if abs(double(v)) == float("inf"):
                self.lax("numbers beyond a double in a Value")
            elif v == "-0":
                self.found.add((VALUE, "-0 without a fraction"))

    def any(self, v):
        if not isinstance(v, Object):
            return
        members = dict(v)
        url = members.pop("@type", None)
        if not isinstance(url, str):
            return
        if "/" not in url:
            self.lax("type URLs without a slash")
        try:
            d = self.pool.FindMessageTypeByName(url.split("/")[-1])
        except KeyError:
            return
        self.strict("required fields that an Any's content lacks")
        if has_value_form(d):
            if set(members) - {"value"}:
                self.lax("members beside an Any's value")
            self.message(d, members.get("value"))
        else:
            self.message(d, Object((k, w) for k, w in v if k != "@type"))

    # ---- Messages

    def map(self, f, v):
        if not isinstance(v, Object):
            return
        key, value = f.message_type.fields
        for k, w in v:
            if key.type in INT_BITS:
                self.scalar(key, k)
            if w is None and value.type == D.TYPE_ENUM and takes_null(value):
                self.strict("null as a NullValue in lists and maps")
            self.one(value, w)
        if key.type in INT_BITS and \
                len({python_int(k) for k, _ in v}) < len(v):
            self.lax("map keys that differ in spelling only")

    def list(self, f, v):
        for w in v:
            if w is None and f.type == D.TYPE_ENUM and takes_null(f):
                self.strict("null as a NullValue in lists and maps")
            self.one(f, w)

    def one(self, f, v):
        if f.message_type:
            self.message(f.message_type, v)
        else:
            self.scalar(f, v)

    def field(self, f, v):
        if v is None and (f.is_extension or f.label == D.LABEL_REPEATED):
            self.strict("null for an extension or a list")
        elif v is None:
            pass
        elif f.is_extension and f.label == D.LABEL_REPEATED:
            self.strict("extensions that are lists")
            self.list(f, v if isinstance(v, list) else [])
        elif is_map(f):
            self.map(f, v)
        elif f.label == D.LABEL_REPEATED:
            self.list(f, v if isinstance(v, list) else [])
        else:
            self.one(f, v)

    def members(self, d, v):
        seen, oneofs = set(), set()
        for name, w in v:
            f = field_of(self.pool, d, name)
            if f is None:
                if name[:1] == "[" and "." in name and field_of(
                        self.pool, d, name.rpartition(".")[0] + "]"):
                    self.lax("extension names with a component too many")
                continue
            if f.full_name in seen:
                self.lax("both spellings of a name")
            seen.add(f.full_name)
            if f.containing_oneof and (w is not None or takes_null(f)):
                if f.containing_oneof.name in oneofs:
                    self.lax("null as a second member of a oneof")
                oneofs.add(f.containing_oneof.name)
            self.field(f, w)

    def message(self, d, v):
        if is_wrapper(d):
            self.scalar(d.fields[0], v)
        elif d.full_name in (GOOGLE + "Struct", GOOGLE + "Value",
                             GOOGLE + "ListValue"):
            self.free(v)
        elif d.full_name == GOOGLE + "Any":
            self.any(v)
        elif d.full_name == GOOGLE + "Timestamp":
            if isinstance(v, str) and not is_timestamp(v):
                self.lax("odd timestamps")
        elif d.full_name == GOOGLE + "Duration":
            if isinstance(v, str) and not is_duration(v):
                self.lax("odd durations")
        elif d.full_name == GOOGLE + "FieldMask":
            if isinstance(v, str) and not MASK.match(v):
                self.found.add((EITHER, "odd paths of field masks"))
        elif isinstance(v, Object):
            self.members(d, v)
        elif v in ("", []):
            self.lax("an empty text or list as a message")


def of(pool, d, text):
    """What is disputed in a text that Python's json takes: {(kind, name)}."""
    walk = Disputes(pool)
    try:
        text = text.decode()
        v = parse(text)
    except Bare:
        return {(LAX, "NaN and Infinity without quotes")}
    except (ValueError, RecursionError):
        return set()
    if SURROGATE.search(json.dumps(json.loads(text), ensure_ascii=False)):
        walk.lax("lone surrogates")
    else:
        walk.message(d, v)
    return walk.found
