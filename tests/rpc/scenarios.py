# SPDX-License-Identifier: Apache-2.0
"""Every test that scenarios.md names exists, under that name."""
import os
import re
import sys

FOLDER = os.path.join(os.environ["top_srcdir"], "tests", "rpc")

# file: `name`, `name`
NAMED = re.compile(r"(\w+): ((?:`[^`]+`(?:, )?)+)")
WHOLE = re.compile(r"(\w+): all\b")
# A row of the table of styles: no file is named, the columns are.
STYLES = re.compile(r"\| (\d\d) \|[^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|")


def source_of(name):
    path = os.path.join(FOLDER, f"test_{name}.c")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return file.read()


def has(source, name):
    """A function of that name, or an entry of a table of tests."""
    if source is None:
        return False
    return f'"{name}"' in source or re.search(
        rf"\b{re.escape(name)}\b", source
    )


def named_in(line):
    row = STYLES.match(line)
    if row:
        styles = ("blocking", "event", "future")
        for style, cell in zip(styles, row.groups()[1:]):
            for name in re.findall(r"`([^`]+)`", cell):
                yield f"face_{style}", name
        return
    for file, names in NAMED.findall(line):
        for name in re.findall(r"`([^`]+)`", names):
            yield file, name


def main():
    passed = failed = 0
    with open(os.path.join(FOLDER, "scenarios.md"), encoding="utf-8") as file:
        rows = [line for line in file if line.startswith("|")]
    for row in rows:
        for file in WHOLE.findall(row):
            if source_of(file) is None:
                print(f"there is no tests/rpc/test_{file}.c")
                failed += 1
        for file, name in named_in(row):
            if has(source_of(file), name):
                passed += 1
            else:
                print(f"tests/rpc/test_{file}.c has no test {name}")
                failed += 1
    if passed == 0:
        print("scenarios.md names no test")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
