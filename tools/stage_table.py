#!/usr/bin/env python3
"""The table of `./dev bench --stages`: reads the JSON of tributary_microbench, prints what each stage costs.

A benchmark of a stage is named stage/STAGE/WHAT. Medians over its repetitions; CPU time.
"""

import collections
import json
import statistics
import sys


def rows(report):
    runs = collections.OrderedDict()
    for run in report["benchmarks"]:
        if run.get("run_type") != "iteration" or not run["name"].startswith("stage/"):
            continue
        if run.get("error_occurred"):
            raise SystemExit(f"{run['name']}: {run['error_message']}")
        _, stage, what = run["run_name"].split("/", 2)
        runs.setdefault((stage, what), []).append(run)
    for (stage, what), repeats in runs.items():
        ns = statistics.median(1e9 / run["items_per_second"] for run in repeats)
        rates = [run["bytes_per_second"] / 1e6 for run in repeats if "bytes_per_second" in run]
        yield stage, what, ns, statistics.median(rates) if rates else None


def main():
    report = json.load(sys.stdin)
    table = list(rows(report))
    if not table:
        raise SystemExit("no benchmark of a stage was run")
    is_markdown = "--markdown" in sys.argv
    width = max(len(what) for _, what, _, _ in table)
    if is_markdown:
        print("| stage | what | ns a row | MB/s |\n|---|---|---:|---:|")
    else:
        print(f"{'stage':<12} {'what':<{width}} {'ns a row':>10} {'MB/s':>8}")
    before = None
    for stage, what, ns, rate in table:
        shown = "" if stage == before else stage
        before = stage
        number = f"{ns:,.0f}" if ns >= 10 else f"{ns:.1f}"
        speed = "" if rate is None else f"{rate:,.0f}"
        if is_markdown:
            print(f"| {shown} | {what} | {number} | {speed} |")
        else:
            print(f"{shown:<12} {what:<{width}} {number:>10} {speed:>8}")
    context = report["context"]
    load = context.get("load_avg") or [0]
    print(f"\n{context['num_cpus']} cores at {context['mhz_per_cpu']} MHz, load {load[0]:.1f}; medians of CPU time", file=sys.stderr)


if __name__ == "__main__":
    main()
