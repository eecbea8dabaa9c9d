# SPDX-License-Identifier: Apache-2.0
"""Bar charts in SVG: one bar a proxy, groups below each other on one scale.
Grey text on no background, so that they are as good in the dark."""

import dataclasses
from xml.sax.saxutils import escape

WIDTH = 760
LEFT = 170           # for the names
RIGHT = 90           # for the numbers
BAR = 16
STEP = 22
HEAD = 34

STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #6e7781; }
.title { font-size: 15px; font-weight: 600; }
.group { font-weight: 600; }
.name { text-anchor: end; }
.ours { fill: #2f81f7; }
.peer { fill: #8c959f; }
.carrier { fill: #8c959f; fill-opacity: 0.45; }
@media (prefers-color-scheme: dark) { text { fill: #9198a1; } }
"""


@dataclasses.dataclass
class Bar:
    name: str
    value: float
    kind: str        # a class of STYLE


@dataclasses.dataclass
class Chart:
    file: str
    title: str
    unit: str
    groups: list     # (heading, [Bar])


def number(value):
    return "{:,.0f}".format(value) if value >= 100 else "%.1f" % value


def bar(y, b, most):
    length = max(b.value / most * (WIDTH - LEFT - RIGHT), 1)
    return (
        '<text class="name" x="%d" y="%d">%s</text>\n'
        '<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>\n'
        '<text x="%.1f" y="%d">%s</text>\n' % (
            LEFT - 8, y + 13, escape(b.name), b.kind, LEFT, y, length, BAR,
            LEFT + length + 6, y + 13, number(b.value)))


def draw(chart):
    most = max(b.value for _, bars in chart.groups for b in bars)
    y = HEAD
    parts = ['<text class="title" x="8" y="20">%s</text>\n'
             % escape("%s (%s)" % (chart.title, chart.unit))]
    for heading, bars in chart.groups:
        if heading:
            parts.append('<text class="group" x="%d" y="%d">%s</text>\n'
                         % (LEFT, y + 13, escape(heading)))
            y += STEP
        for b in bars:
            parts.append(bar(y, b, most))
            y += STEP
        y += 8
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" '
        'width="%d" height="%d" role="img" aria-label="%s">\n'
        '<!-- made by bench/chart -->\n<style>\n%s</style>\n%s</svg>\n' % (
            WIDTH, y, WIDTH, y, escape(chart.title), STYLE, "".join(parts)))


# ------------------------------------------------------------ which there are

def bars(report, workload, value):
    """value(row) of each proxy; None leaves it out."""
    found = []
    for row in report["rows"]:
        measured = value(row) if row["workload"] == workload else None
        if measured is None:
            continue
        peer = report["peers"][row["peer"]]
        kind = "ours" if row["peer"] == "sluice" else (
            "peer" if peer["transcodes"] else "carrier")
        found.append(Bar(row["title"], measured, kind))
    return found


def groups(report, value, *workloads):
    found = [(heading, bars(report, name, value))
             for name, heading in workloads]
    return [g for g in found if g[1]]


def messages(row):
    return row["per_cpu"] * row["messages"]


def charts(report):
    per_cpu = "requests per CPU-second"
    return [
        Chart("performance-unary.svg", "Unary calls", per_cpu, groups(
            report, lambda row: row["per_cpu"],
            ("unary-100", "100 B of JSON"), ("unary-1k", "1 KB"),
            ("unary-10k", "10 KB"))),
        Chart("performance-large.svg", "Unary calls of 1 MB", per_cpu, groups(
            report, lambda row: row["per_cpu"], ("unary-1m", ""))),
        Chart("performance-streams.svg", "Streams of 1,000 messages of 100 B",
              "messages per CPU-second", groups(
                  report, messages, ("stream-1000", "from the server"),
                  ("client-stream-1000", "from the client"))),
        Chart("performance-latency.svg", "p99 at a moderate rate", "us", groups(
            report, lambda row: row["p99_us"], ("unary-100", "100 B of JSON"),
            ("unary-10k", "10 KB"))),
        Chart("performance-memory.svg", "Memory of an idle stream", "KB",
              groups(report, lambda row: row.get("held_kb"),
                     ("idle-5000", "5,000 of them"))),
    ]
