# SPDX-License-Identifier: Apache-2.0
"""The manual page: all of the program is in it, and none of it is mangled."""

import os
import re
import subprocess
import unittest

import harness


def text_of(path):
    with open(os.path.join(harness.SOURCE, path), encoding="utf-8") as f:
        return f.read()


def plain(line):
    """A line of the page without its macro and its fonts."""
    line = re.sub(r"^\.(TP|[BIR]{2}|[BI]) ?", "", line)
    line = re.sub(r'\\f.|"', "", line)
    return line.replace("\\-", "-")


def section(page, name):
    return re.search(r"^\.SH %s\n(.*?)(?=^\.SH |\Z)" % name, page,
                     re.MULTILINE | re.DOTALL).group(1)


def tags(text):
    """What the paragraphs with a tag are about, those inside others left out:
    the first word of each."""
    text = re.sub(r"^\.RS\n.*?^\.RE\n", "", text, flags=re.M | re.S)
    return [plain(t).split(" ")[0].rstrip(",")
            for t in re.findall(r"^\.TP\n(.*)$", text, re.MULTILINE)]


def keys(heading):
    """The keys in the table below a heading of the reference."""
    part = re.search(r"^## %s\n(.*?)(?=^## |\Z)" % heading,
                     text_of("docs/route-files.md"), re.M | re.S).group(1)
    return [key for row in re.findall(r"^\| (`[a-z].*?) \|", part, re.M)
            for key in re.findall(r"`([a-z_]+)`", row)]


class Manual(unittest.TestCase):
    def setUp(self):
        self.page = text_of("docs/sluice.1")

    def help(self, *command):
        return subprocess.run([harness.PROGRAM, *command, "--help"],
                              stdout=subprocess.PIPE, text=True, check=True,
                              timeout=harness.PATIENCE).stdout

    def commands(self):
        return re.findall(r"^  ([a-z]+) ", self.help(), re.MULTILINE)

    def test_each_command_has_its_paragraph(self):
        self.assertEqual(sorted(tags(section(self.page, "COMMANDS"))),
                         sorted(self.commands()))

    def test_each_option_has_its_paragraph(self):
        told = plain(section(self.page, "OPTIONS"))
        told = "\n".join(map(plain, told.splitlines()))
        for command in self.commands():
            for option in re.findall(r"--[a-z]+", self.help(command)):
                self.assertIn(option, told, command)

    def test_no_line_breaks_off_before_its_macro(self):
        self.assertEqual(
            [l for l in re.sub(r"^\.EX\n.*?^\.EE\n", "", self.page,
                               flags=re.M | re.S).splitlines()
             if l.startswith(" ")], [])

    def test_the_keys_of_a_route_file_are_told(self):
        told = section(self.page, "ROUTE FILES")
        mild = {"type", "config_version"}  # of no effect
        for heading in ("At the top", "methods", "json", "limits", "timeouts",
                        "metadata", "errors"):
            found = set(keys(heading)) - mild
            self.assertNotEqual(found, set(), heading)
            for key in found:
                self.assertRegex(told, r"\b%s\b" % key, heading)

    def test_the_options_of_transcode_are_those_of_a_route_file(self):
        told = section(self.page, "OPTIONS")
        for key in keys("json"):
            self.assertRegex(told, r"\b%s\b" % key)
            self.assertIn(key, self.help("transcode"))


if __name__ == "__main__":
    harness.main()
