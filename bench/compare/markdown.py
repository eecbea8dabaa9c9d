# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/performance.md."""

from compare.workloads import WORKLOADS


def table(head, rows):
    lines = ["| %s |" % " | ".join(head), "|" + "---|" * len(head)]
    lines += ["| %s |" % " | ".join(row) for row in rows]
    return "\n".join(lines) + "\n\n"


def thousands(value):
    return "{:,.0f}".format(value)


def matrix(report, cell):
    """One line a workload, one column a proxy; cell(row) or None."""
    by_place = {(r["workload"], r["peer"]): r for r in report["rows"]
                if r["workload"] != "workers-2"}  # among the expectations
    names = [name for name in report["peers"]
             if any(p == name and cell(r) for (_, p), r in by_place.items())]
    rows = []
    for workload in dict.fromkeys(w for w, _ in by_place):
        cells = []
        for name in names:
            row = by_place.get((workload, name))
            cells.append((cell(row) if row else None) or "")
        if any(cells):
            rows.append([WORKLOADS[workload].what] + cells)
    return table([""] + [report["peers"][n]["title"] for n in names], rows)


def rate(row):
    text = thousands(row["per_cpu"])
    if row["peer"] != "sluice":
        text += "<br>%.2f x" % row["times"]
    return text + "<br>±%.0f %%" % (50 * row["spread"])


def rounds(report):
    return "%d round%s of %g s" % (
        report["rounds"], "s" * (report["rounds"] > 1), report["seconds"])


def latency(row):
    return " / ".join(thousands(row[k]) for k in (
        "p50_us", "p99_us", "p999_us"))


def memory(row):
    text = "%.1f to %.1f" % (row["rest_mb"], row["peak_mb"])
    if "held_kb" in row:
        text += "<br>%.1f KB a stream" % row["held_kb"]
    return text


def verdict(v):
    form = thousands if v["expected"] >= 100 else "{:.2f}".format
    return [v["what"], form(v["measured"]), form(v["expected"]),
            "holds" if v["holds"] else "missed"]


def taken_part(report):
    texts = []
    for name, peer in report["peers"].items():
        if peer["version"] and name != "sluice-2":
            texts.append("%s %s" % (peer["title"], peer["version"]))
    text = ", ".join(texts) + "."
    for title, why in report["absent"].items():
        text += " Absent: %s (%s)." % (title, why)
    return text


def section(report, charts):
    machine = report["machine"]
    others = max(r["others_busy"] for r in report["rows"])
    text = (
        "Measured on %s at commit `%s`: %d cores of an %s, %s, Linux %s, %s, "
        "-O2; %s. Whatever else ran there took %.0f %% of a core "
        "at most.\n\n%s\n\n" % (
            report["date"], report["commit"], machine["cores"], machine["cpu"],
            machine["system"], machine["kernel"], machine["compiler"],
            rounds(report), 100 * others,
            taken_part(report)))
    for chart in charts:
        text += "![%s](%s)\n\n" % (chart.title, chart.file)
    text += ("**Requests per CPU-second**, median; how many times that Sluice "
             "has, in the same round; half the range over the rounds.\n\n")
    text += matrix(report, rate)
    text += ("**Latency** at a moderate rate in microseconds, p50 / p99 / "
             "p99.9.\n\n")
    text += matrix(report, latency)
    text += "**Memory** in MB, at rest to peak.\n\n"
    text += matrix(report, memory)
    text += table(["expected", "measured", "at least", ""],
                  [verdict(v) for v in report["verdicts"]])
    for failure in report["failures"]:
        text += "Failed: %s.\n\n" % failure
    return text
