# SPDX-License-Identifier: Apache-2.0
"""The figures of all cells: kept, summed up, printed, judged."""

import statistics

COLUMNS = (
    # key of a row, head, format
    ("title", "", "%-18s"),
    ("per_cpu", "req/CPU-s", "%9s"),
    ("spread", "spread", "%6s"),
    ("times", "sluice is", "%9s"),
    ("p50_us", "p50 us", "%7s"),
    ("p99_us", "p99", "%7s"),
    ("p999_us", "p99.9", "%7s"),
    ("rest_mb", "rest MB", "%8s"),
    ("peak_mb", "peak MB", "%8s"),
    ("busy", "busy", "%5s"),
    ("backend_busy", "backend", "%8s"),
    ("load_busy", "load", "%5s"),
    ("others_busy", "others", "%7s"),
)
SHARES = ("busy", "backend_busy", "load_busy", "others_busy", "idle")


def median(values):
    return statistics.median(values) if values else None


def spread(values):
    if not values:
        return None
    return (max(values) - min(values)) / statistics.median(values)


def summary(workload, peer, peaks, rates, base_peaks):
    """A row of one proxy in one workload. peaks: the rounds in closed loop;
    rates: those at the moderate rate; base_peaks: Sluice's rounds."""
    per_cpu = [r["per_cpu"] for r in peaks]
    row = {
        "workload": workload.name,
        "peer": peer.name,
        "title": peer.title,
        "per_cpu": median(per_cpu),
        "per_cpu_rounds": per_cpu,
        "spread": spread(per_cpu),
        "per_second": median([r["per_second"] for r in peaks]),
        "times": median([a["per_cpu"] / b["per_cpu"]
                         for a, b in zip(base_peaks, peaks)]),
        "messages": workload.messages,
        "rate": workload.rate,
    }
    for key in SHARES:
        row[key] = median([r[key] for r in peaks])
    for key in ("p50_us", "p99_us", "p999_us"):
        row[key] = median([r[key] for r in rates])
        row[key + "_rounds"] = [r[key] for r in rates]
    return row


def shown(key, value):
    if value is None:
        return "-"
    if key == "spread" or key in SHARES:
        return "%.0f%%" % (100 * value)
    if key == "times":
        return "%.2f x" % value
    if key in ("rest_mb", "peak_mb"):
        return "%.1f" % value
    return value if isinstance(value, str) else "{:,.0f}".format(value)


def print_head():
    print("".join((" " + form) % head for _, head, form in COLUMNS))


def print_row(row):
    cells = []
    for key, _, form in COLUMNS:
        text = shown(key, row.get(key))
        if key == "times" and row["peer"] == "sluice":
            text = ""
        cells.append((" " + form) % text)
    print("".join(cells) + ("   " + row["note"] if row.get("note") else ""),
          flush=True)


# ----------------------------------------------------------------- expectations

def times(rows, workload, peer):
    """How many times the peer's requests per CPU-second Sluice has."""
    row = rows.get((workload, peer))
    return row["times"] if row else None


def streamed(rows):
    row = rows.get(("stream-1000", "sluice"))
    return row["per_cpu"] * row["messages"] if row else None


def slower_than_nginx(rows):
    ours, theirs = (rows.get(("unary-100", peer))
                    for peer in ("sluice", "nginx"))
    return theirs["p99_us"] / ours["p99_us"] if ours and theirs else None


def two_workers(rows):
    row = rows.get(("workers-2", "sluice-2"))
    return 2 / row["times"] if row else None


def room_at_start(rows):
    row = rows.get(("unary-100", "sluice"))
    return 8 / row["rest_mb"] if row else None


def expectations(rows):
    """(what, measured, at least); measured None: not this time."""
    return [
        ("unary 100 B: times nginx", times(rows, "unary-100", "nginx"), 1.3),
        ("unary 100 B: times nghttpx", times(rows, "unary-100", "nghttpx"),
         1.3),
        ("unary 100 B: times HAProxy", times(rows, "unary-100", "haproxy"),
         0.9),
        ("unary 100 B: times the ideal program",
         times(rows, "unary-100", "ideal"), 0.75),
        ("unary 100 B: times grpc-gateway",
         times(rows, "unary-100", "grpc-gateway"), 5),
        ("unary 100 B: times Envoy", times(rows, "unary-100", "envoy"), 4),
        ("unary 100 B: nginx's p99 by ours", slower_than_nginx(rows), 1),
        ("unary 1 MB: times grpc-gateway",
         times(rows, "unary-1m", "grpc-gateway"), 6),
        ("stream: messages per CPU-second", streamed(rows), 1e6),
        ("two workers: times one", two_workers(rows), 1.8),
        ("RSS at start: 8 MB by ours", room_at_start(rows), 1),
    ]


def judge(rows):
    """[{what, measured, expected, holds}] of what was measured."""
    return [{"what": what, "measured": value, "expected": least,
             "holds": value >= least}
            for what, value, least in expectations(rows) if value is not None]


def print_verdicts(verdicts):
    for v in verdicts:
        number = "{:,.0f}" if v["expected"] >= 100 else "{:.2f}"
        print("%-38s %12s, expected %9s: %s" % (
            v["what"], number.format(v["measured"]),
            "{:,g}".format(v["expected"]) if v["expected"] < 100
            else number.format(v["expected"]),
            "holds" if v["holds"] else "MISSED"))
