#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our JSON against the official library's, on random schemas and messages.

  random_official.py [--seed N] [--count N | --seconds N] [--verbose]

Each seed is a schema (random_schema.py), stated as it is or in edition 2023,
and some messages of it (random_values.py). What must hold for each message:

- its JSON has the values that the official library's has, and read again, by us
  and by that library, it is the same message;
- the same JSON in other spellings (random_json.py) is read as that message;
- other wire format (random_wire.py) gives the JSON that the official library
  gives it, or both refuse it;
- of a text that has something wrong in it both think alike, but for what
  random_disputes.py names.

Without arguments the seeds are the same each time, for make check.
"""

import argparse
import collections
import difflib
import json
import os
import random
import struct
import sys
import tempfile
import time
import warnings

import random_disputes
import random_schema
import random_values
import random_wire
from random_json import Breaker, Rewriter
from transcoder import Refused, Transcoder

from google.protobuf import json_format, text_format
from google.protobuf.descriptor import FieldDescriptor as D

COUNT = 100
MESSAGES = 8
DEEP = 30   # of a Value in a ListValue twice as many, and 100 are the limit
VARIANTS = [
    # ours, and as much of it as the official library has: defaults, proto
    # names, numbers of enums
    ("proto_names", (False, True, False)),
    ("enum_numbers", (False, False, True)),
    ("int64_numbers", ()),
    ("pretty", ()),
    ("emit_defaults", (True,)),
]

# What the official library lets pass on the wire, and the specification does
# not, by what we say of it.
LAX_WIRE = ["a tag that is none", "a Timestamp with", "a Value that holds",
            "an empty path in a FieldMask",
            "a path in a FieldMask that JSON cannot carry",
            "an end of a group that was not begun"]     # in an Any


class Printer(json_format._Printer):
    """The official library's, with one of its faults mended: an extension that
    is a list has the name of one."""

    def _RegularMessageToJsonObject(self, message, js):
        js = super()._RegularMessageToJsonObject(message, js)
        for f, _ in message.ListFields():
            if f.is_extension and f.label == D.LABEL_REPEATED:
                plain = f.name if self.preserving_proto_field_name else \
                    f.json_name
                js["[%s]" % f.full_name] = js.pop(plain)
        return js


class Fault(Exception):
    """What was compared and is not the same."""


# ---- Comparing ---------------------------------------------------------------


def same_float(a, b):
    """The official library does not always print the shortest floats."""
    try:
        return struct.pack("<f", a) == struct.pack("<f", b)
    except (struct.error, OverflowError):
        return False


def is_number(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool)


def same_value(ours, theirs, variant):
    if is_number(ours) and is_number(theirs):
        return ours == theirs or same_float(ours, theirs)
    if variant == "int64_numbers" and is_number(ours):
        return str(ours) == theirs
    if variant == "enum_numbers" and ours is None and theirs == 0:
        return True     # a NullValue is null all the same
    return type(ours) is type(theirs) and ours == theirs


def difference(ours, theirs, variant="", path="$"):
    """Where two JSON values differ first, or None."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        keys = sorted(set(ours) | set(theirs))
        one = [k for k in keys if k not in ours or k not in theirs]
        if one:
            return "%s: only one has %r" % (path, one[0])
        pairs = [(k, ours[k], theirs[k]) for k in keys]
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            return "%s: %d elements and %d" % (path, len(ours), len(theirs))
        pairs = [(i, a, b) for i, (a, b) in enumerate(zip(ours, theirs))]
    else:
        return None if same_value(ours, theirs, variant) else \
            "%s: %.100r and %.100r" % (path, ours, theirs)
    for key, a, b in pairs:
        found = difference(a, b, variant, "%s[%r]" % (path, key))
        if found:
            return found
    return None


def once(pairs):
    """An object's members; a name may come once only."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def strictly(text):
    return json.loads(text, object_pairs_hook=once,
                      parse_constant=random_disputes.bare)


def in_line(m):
    return text_format.MessageToString(m, as_one_line=True)


# ---- One schema ---------------------------------------------------------------


class Trial:
    def __init__(self, seed, folder, tally):
        self.rnd = random.Random(seed)
        self.tally = tally
        self.files, self.name, self.is_mixed = random_schema.make(self.rnd)
        self.pool = random_values.Pool(self.files)
        self.values = random_values.Values(self.rnd, self.pool)
        self.rewriter = Rewriter(self.rnd, self.pool.pool)
        self.breaker = Breaker(self.rnd)
        self.mutator = random_wire.Mutator(self.rnd, self.values)
        self.type = self.pool.get(self.name)
        self.closed_maps = self.names_of_closed_maps()
        self.schema = os.path.join(folder, "schema.pb")
        self.is_edition = self.rnd.random() < 0.4
        files = [random_schema.as_edition(f) for f in self.files] \
            if self.is_edition else self.files
        with open(self.schema, "wb") as f:
            f.write(random_schema.set_of(files).SerializeToString())

    def names_of_closed_maps(self):
        found = set()
        for name in self.pool.names:
            for f in self.pool.get(name).DESCRIPTOR.fields:
                if random_values.is_map(f) and f.file.syntax != "proto3" and \
                        f.message_type.fields[1].enum_type:
                    found |= {f.name, f.json_name}
        return found

    def open(self, source, target, *options):
        more = [a for o in options for a in ("--option", o)]
        return Transcoder(source, target, *more, type=self.name,
                          schema=self.schema)

    def run(self):
        pure = all(f.syntax == "proto3" for f in self.files)
        self.variant, self.official_options = self.rnd.choice(
            VARIANTS if pure else VARIANTS[:-1])
        self.to_json = self.open("binary", "json")
        self.to_wire = self.open("json", "binary")
        self.to_wire_leniently = self.open("json", "binary", "ignore_unknown")
        self.to_other = self.open("binary", "json", self.variant)
        for i in range(MESSAGES):
            m = self.values.message(self.name, self.rnd.choice([1, 2, 3, 4]))
            if self.rnd.random() < 0.15:
                self.values.chain(m, DEEP)
            try:
                self.message(m)
            except Fault as fault:
                raise Fault("message %d: %s" % (i, fault))
        for process in (self.to_json, self.to_wire, self.to_wire_leniently,
                        self.to_other):
            process.close()

    def describe(self):
        return "\n".join("edition 2023 of:\n%s" % f if self.is_edition else
                         str(f) for f in self.files)

    def check(self, ok, what, *about):
        self.tally[what] += 1
        if not ok:
            raise Fault("%s\n%s" % (what, "\n".join("  %.4000s" % (a,)
                                                    for a in about)))

    # ---- The official library

    def normalize(self, m):
        """The bytes in an Any have no order of their own: gives them one."""
        for f, v in m.ListFields():
            if random_values.is_map(f):
                if f.message_type.fields_by_name["value"].message_type:
                    for w in v.values():
                        self.normalize(w)
            elif f.message_type:
                for w in v if f.label == D.LABEL_REPEATED else [v]:
                    self.normalize(w)
        if m.DESCRIPTOR.full_name == "google.protobuf.Any" and m.type_url:
            inner = self.pool.get(m.type_url.split("/")[-1])()
            inner.MergeFromString(m.value)
            m.value = self.canonical(inner)

    def canonical(self, m):
        copy = type(m)()
        copy.CopyFrom(m)
        self.normalize(copy)
        return copy.SerializePartialToString(deterministic=True)

    def parsed(self, text):
        """The message that the official library reads, or None and why not."""
        m = self.type()
        try:
            json_format.Parse(text, m, descriptor_pool=self.pool.pool)
            return (m, None) if m.IsInitialized() else (None, "incomplete")
        except Exception as e:      # of any type, as it comes
            return None, "%s: %s" % (type(e).__name__, e)

    def printed(self, wire, options=()):
        """The JSON that the official library prints, or None and why not."""
        m = self.type()
        try:
            m.ParseFromString(wire)
            if not m.IsInitialized():
                return None, "incomplete"
            printer = Printer(*options, descriptor_pool=self.pool.pool)
            return strictly(printer.ToJsonString(m, None, True, False)), None
        except Exception as e:
            return None, "%s: %s" % (type(e).__name__, e)

    # ---- Ours

    def ask(self, process, data):
        try:
            return process(data), None
        except Refused as e:
            if not str(e):
                raise Fault("refused without a word")
            return None, str(e)

    def value_of(self, text):
        """What our JSON says, which has to be JSON."""
        try:
            return strictly(text)
        except (ValueError, random_disputes.Bare) as e:
            raise Fault("we print no JSON: %s\n  %s" % (e, text))

    def read(self, wire):
        m = self.type()
        m.ParseFromString(wire)
        return m

    def same(self, a, b):
        """Where two messages differ, as text, or None."""
        if self.canonical(a) == self.canonical(b):
            return None
        lines = difflib.unified_diff(str(b).splitlines(), str(a).splitlines(),
                                     "expected", "found", n=1)
        return "\n".join(lines) or "in the bytes of an Any, or in a NaN"

    # ---- What must hold

    def message(self, m):
        wire = m.SerializeToString(deterministic=True)
        theirs, why = self.printed(wire)
        self.check(theirs is not None, "the official library prints", why)
        text = self.same_json(wire, theirs)
        self.round_trip(m, text)
        self.spellings(m, theirs)
        for _ in range(2):
            self.same_verdict(self.mutator.mutate(m.DESCRIPTOR, wire))
            self.same_verdict(self.mutator.damage(wire))
        for _ in range(4):
            self.same_opinion(self.breaker.awkward(
                text.decode(), self.pool.pool, m.DESCRIPTOR))
            self.same_opinion(self.breaker.bytes(text.decode()))

    def same_json(self, wire, theirs):
        text, why = self.ask(self.to_json, wire)
        self.check(text is not None, "we print", wire.hex(), why)
        found = difference(self.value_of(text), theirs)
        self.check(not found, "the same JSON", found, text, theirs)
        other, _ = self.printed(wire, self.official_options)
        ours, why = self.ask(self.to_other, wire)
        self.check(ours is not None, "we print " + self.variant, why)
        found = difference(self.value_of(ours), other, self.variant)
        self.check(not found, "the same JSON, " + self.variant, found, ours)
        return text

    def round_trip(self, m, text):
        wire, why = self.ask(self.to_wire, text)
        self.check(wire is not None, "we read what we printed", text, why)
        found = self.same(self.read(wire), m)
        self.check(not found, "our JSON is the message", found, text)
        theirs, why = self.parsed(text)
        if theirs is None and self.disputed(text):
            return
        self.check(theirs is not None, "the official library reads it", text,
                   why)
        found = self.same(theirs, m)
        self.check(not found, "our JSON is the message, officially", found,
                   text)

    def disputed(self, text, kind=random_disputes.STRICT):
        found = {name for k, name in random_disputes.of(
            self.pool.pool, self.type.DESCRIPTOR, text) if k == kind}
        for name in found:
            self.tally["disputed: " + name] += 1
        return found

    def spellings(self, m, theirs):
        for _ in range(3):
            text = self.rewriter.message(m.DESCRIPTOR, theirs)
            wire, why = self.ask(self.to_wire, text.encode())
            self.check(wire is not None, "we read another spelling", text, why)
            found = self.same(self.read(wire), m)
            self.check(not found, "another spelling is the message", found,
                       text)
        self.rewriter.has_strangers = True
        text = self.rewriter.message(m.DESCRIPTOR, theirs)
        self.rewriter.has_strangers = False
        wire, why = self.ask(self.to_wire_leniently, text.encode())
        self.check(wire is not None, "we pass over what is unknown", text, why)
        found = self.same(self.read(wire), m)
        self.check(not found, "what is unknown is not there", found, text)

    def same_verdict(self, wire):
        theirs, why_not = self.printed(wire)
        text, why = self.ask(self.to_json, wire)
        if text is None and theirs is not None and \
                any(w in why for w in LAX_WIRE):
            self.tally["disputed: " + why] += 1
            return
        self.check((text is None) == (theirs is None),
                   "the same verdict on wire format", wire.hex(),
                   "ours: %s" % (why or text),
                   "official: %s" % (why_not or theirs))
        if text is not None:
            found = difference(self.value_of(text), theirs)
            if found and self.is_of_enums(found):
                return
            self.check(not found, "the same JSON of odd wire format", found,
                       wire.hex(), text, theirs)

    def is_of_enums(self, found):
        """Numbers that an enum has not: with the official library the enum is
        closed if the field's file is proto2, and an entry of a map with such a
        value is not dropped."""
        if self.is_mixed:
            self.tally["disputed: open enums in proto2"] += 1
            return True
        if any(repr(name) in found for name in self.closed_maps):
            self.tally["disputed: entries of closed enums"] += 1
            return True
        return False

    def same_opinion(self, text):
        wire, why = self.ask(self.to_wire, text)
        theirs, why_not = self.parsed(text)
        lax = self.disputed(text, random_disputes.LAX)
        about = (text, "ours: %s" % (why or wire.hex()),
                 "official: %s" % (why_not or in_line(theirs)))
        if lax:
            self.check(wire is None, "we refuse " + ", ".join(sorted(lax)), *about)
        elif wire is not None and theirs is not None:
            found = self.same(self.read(wire), theirs)
            self.check(not found or self.disputed(text, random_disputes.VALUE),
                       "the same message of odd text", found, *about)
        elif (wire is None) != (theirs is None):
            self.check(self.disputed(text, random_disputes.EITHER) or
                       (theirs is None and self.disputed(text)),
                       "the same verdict on text", *about)


# ---- Many -----------------------------------------------------------------------


def seeds(options):
    end = time.monotonic() + options.seconds if options.seconds else None
    seed = options.seed
    while (time.monotonic() < end) if end else \
            seed < options.seed + options.count:
        yield seed
        seed += 1


def main():
    parser = argparse.ArgumentParser(description="see the head of the file")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--count", type=int, default=COUNT, help="of schemas")
    parser.add_argument("--seconds", type=float, help="instead of a count")
    parser.add_argument("--keep-going", action="store_true",
                        help="after the first fault")
    parser.add_argument("--verbose", action="store_true",
                        help="say what was checked how often")
    options = parser.parse_args()
    warnings.simplefilter("error", RuntimeWarning)
    # the official library says there what it dislikes
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stderr = sys.stdout
    tally = collections.Counter()
    failed = n = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds(options):
            n += 1
            trial = Trial(seed, folder, tally)
            try:
                trial.run()
            except Fault as fault:
                failed += 1
                print("FAILED: seed %d (--seed %d --count 1)" % (seed, seed))
                if not options.keep_going:
                    print(trial.describe())
                print("type %s, %s\n" % (trial.name, fault))
                if not options.keep_going:
                    break
    if options.verbose:
        for what, times in sorted(tally.items()):
            print("%8d %s" % (times, what))
    print("%d passed, %d failed" % (n - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
