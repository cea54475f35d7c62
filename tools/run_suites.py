"""Runs every test suite there is and counts tests. `./dev test` calls it after the build.

A suite is found, not registered:
  house           tests/house, the repository's own rules (pytest)
  PROGRAM         each build/dev/bin/*_tests (GoogleTest)
  FOLDER/FILE     each other tests/**/test_*.py, a pytest process of its own

Suites run side by side, at most --jobs at once.
A suite fails when a test fails, when the program crashes, hangs or leaves processes running, and when it runs nothing.
Both kinds write JUnit XML, which is all that is read, except after a crash: then the program's own output tells what ran.
The last line is the count: `N passed, N failed, N skipped`. Exit code 1 if anything failed or nothing ran.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = Path(os.environ.get("TRIBUTARY_TEST_LOGS") or ROOT / "build" / "logs")
SUITE_TIMEOUT_S = 1200
INTERRUPT_GRACE_S = 30  # for a suite that hangs: fixtures stop their servers
LEFT_OVER_GRACE_S = 5   # for children that are about to end when the suite's own process has ended


@dataclass
class Test:
    name: str
    outcome: str  # passed, failed, skipped
    reason: str = ""
    seconds: float = 0.0


@dataclass
class Suite:
    name: str
    command: list
    report: Path
    log: Path
    tests: list = field(default_factory=list)
    seconds: float = 0.0

    def count(self, outcome):
        return sum(test.outcome == outcome for test in self.tests)


def find_suites(bin_dir, python, test_filter):
    suites = []

    def pytest_suite(name, target):
        report = LOGS / f"test-{name.replace('/', '-')}.xml"
        command = [python, "-B", "-m", "pytest", "-c", str(ROOT / "tests" / "pytest.ini"), "--rootdir", str(ROOT),
                   f"--junitxml={report}", str(target)]
        if test_filter:
            command += ["-k", " or ".join(test_filter)]
        suites.append(Suite(name, command, report, report.with_suffix(".log")))

    pytest_suite("house", ROOT / "tests" / "house")
    for program in sorted(bin_dir.glob("*_tests")):
        report = LOGS / f"test-{program.name}.xml"
        command = [str(program), f"--gtest_output=xml:{report}", "--gtest_color=no"]
        if test_filter:
            command.append("--gtest_filter=" + ":".join(f"*{name}*" for name in test_filter))
        suites.append(Suite(program.name, command, report, report.with_suffix(".log")))
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        folder = file.relative_to(ROOT / "tests").parent
        if folder.parts[:1] != ("house",):
            pytest_suite((folder / file.stem.removeprefix("test_")).as_posix(), file)
    return suites


def read_report(path):
    """The tests in a JUnit XML file of GoogleTest or pytest."""
    tests = []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        seconds = float(case.get("time") or 0)
        failure = next((case.find(tag) for tag in ("failure", "error") if case.find(tag) is not None), None)
        skipped = case.find("skipped")
        if failure is not None:
            reason = (failure.get("message") or failure.text or "").strip()
            tests.append(Test(name, "failed", reason, seconds))
        elif case.get("status") == "notrun":
            tests.append(Test(name, "failed", "is disabled; a test runs or goes", seconds))
        elif skipped is not None and skipped.get("type") == "pytest.xfail":
            tests.append(Test(name, "failed", "is expected to fail; mend it or take it out", seconds))
        elif skipped is not None:
            lines = [line for line in (skipped.get("message") or skipped.text or "").strip().splitlines() if line]
            tests.append(Test(name, "skipped", lines[-1] if lines else "no reason given", seconds))
        else:
            tests.append(Test(name, "passed", "", seconds))
    return tests


def read_crashed_output(text):
    """What a GoogleTest program had run when it died: the test it was in counts as failed."""
    tests, running, said = [], None, ""
    for line in text.splitlines():
        if match := re.match(r"\[ RUN      \] (\S+)", line):
            running = match[1]
        elif match := re.match(r"\[ +(OK|FAILED|SKIPPED) +\] (\S+?),? \(", line):
            outcome = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}[match[1]]
            tests.append(Test(match[2], outcome, "" if outcome == "passed" else said))
            running = None
        elif line.strip():
            said = line.strip()
    if running:
        tests.append(Test(running, "failed", "the program died in this test"))
    return tests


live = set()  # processes under way, so that Ctrl-C reaches them; they are sessions of their own
stopping = threading.Event()


def stop_all(_signal, _frame):
    stopping.set()
    for process in list(live):
        signal_group(process.pid, signal.SIGINT)


def living_members(group):
    """Pids of a process group, without zombies that nobody has reaped yet."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, member_of = stat.read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:  # ended meanwhile
            continue
        if int(member_of) == group and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


def group_is_gone(group, within_s):
    """Whether all processes of the group end by themselves within the time."""
    deadline = time.monotonic() + within_s
    while living_members(group):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def signal_group(group, number):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def run_process(suite):
    """(exit code, or None after a time-out; whether it left processes running, which are then ended)."""
    with open(suite.log, "wb") as log:
        process = subprocess.Popen(suite.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                   cwd=ROOT, start_new_session=True)
    live.add(process)
    try:
        code = process.wait(SUITE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        code = None
        signal_group(process.pid, signal.SIGINT)
        try:
            process.wait(INTERRUPT_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    finally:
        live.discard(process)
    left = not group_is_gone(process.pid, LEFT_OVER_GRACE_S if code is not None else 0)
    if left:
        signal_group(process.pid, signal.SIGKILL)
    return code, left


def run_suite(suite, filtered):
    if stopping.is_set():
        return suite
    suite.report.unlink(missing_ok=True)
    started = time.monotonic()
    code, left = run_process(suite)
    suite.seconds = time.monotonic() - started
    try:
        suite.tests = read_report(suite.report)
    except (OSError, ElementTree.ParseError):
        suite.tests = read_crashed_output(suite.log.read_text(errors="replace"))
    nothing_selected = filtered and not suite.tests and code in (0, 5)  # 5 is pytest's word for it
    if code is None:
        suite.tests.append(Test(suite.name, "failed", f"took longer than {SUITE_TIMEOUT_S} s and was stopped"))
    elif nothing_selected:
        pass
    elif not suite.tests:
        suite.tests.append(Test(suite.name, "failed", f"ran no test (exit code {code})"))
    elif code != 0 and not suite.count("failed"):
        suite.tests.append(Test(suite.name, "failed", f"ended with exit code {code}"))
    if left and code is not None:
        suite.tests.append(Test(suite.name, "failed", "left processes running, which were ended"))
    return suite


def show(suite, out):
    verdict = "FAILED" if suite.count("failed") else "passed"
    print(f"{verdict}  {suite.name}: {len(suite.tests)} tests in {suite.seconds:.1f} s", file=out, flush=True)
    if suite.count("failed"):
        print(f"----- the end of {suite.log}", file=out)
        print("\n".join(suite.log.read_text(errors="replace").splitlines()[-60:]), file=out)
        print("-----", file=out, flush=True)


def summary(suites, out):
    width = max(len(suite.name) for suite in suites)
    print(f"\n{'suite':{width}}  passed  failed  skipped  seconds", file=out)
    for suite in suites:
        print(f"{suite.name:{width}}  {suite.count('passed'):6}  {suite.count('failed'):6}  {suite.count('skipped'):7}"
              f"  {suite.seconds:7.1f}", file=out)
    for suite in suites:
        for test in suite.tests:
            if test.outcome != "passed":
                reason = " ".join(test.reason.split())[:240] or "see the log"
                print(f"{test.outcome.upper()} {suite.name} {test.name}: {reason}", file=out)


def main():
    parser = argparse.ArgumentParser(prog="./dev test", description="Runs the test suites and counts tests.")
    parser.add_argument("names", nargs="*", help="suites whose name contains this; if there is none, such tests in all")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead, the text to stderr")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--python", default=sys.executable, help="an interpreter with pytest")
    parser.add_argument("--list", action="store_true", help="only name the suites")
    args = parser.parse_args()

    bin_dir = Path(os.environ.get("TRIBUTARY_BIN") or ROOT / "build" / "dev" / "bin")
    LOGS.mkdir(parents=True, exist_ok=True)
    names = {suite.name for suite in find_suites(bin_dir, args.python, [])}
    chosen = {name for name in names if any(wanted in name for wanted in args.names)}
    test_filter = [wanted for wanted in args.names if not any(wanted in name for name in names)]
    suites = find_suites(bin_dir, args.python, test_filter)
    if chosen and not test_filter:
        suites = [suite for suite in suites if suite.name in chosen]
    if args.list:
        print("\n".join(suite.name for suite in suites))
        return 0

    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, stop_all)
    out = sys.stderr if args.json else sys.stdout
    with concurrent.futures.ThreadPoolExecutor(max(1, args.jobs)) as pool:
        runs = [pool.submit(run_suite, suite, bool(test_filter)) for suite in suites]
        for run in concurrent.futures.as_completed(runs):
            if run.result().tests:
                show(run.result(), out)
    if stopping.is_set():
        print("stopped", file=out)
        return 130
    suites = [suite for suite in suites if suite.tests]
    if not suites:
        print("no test ran", file=out)
        print("0 passed, 0 failed, 0 skipped", file=out)
        return 1
    summary(suites, out)
    totals = {outcome: sum(suite.count(outcome) for suite in suites) for outcome in ("passed", "failed", "skipped")}
    results = {"totals": totals,
               "suites": [{"name": suite.name, "seconds": round(suite.seconds, 3),
                           "tests": [vars(test) for test in suite.tests]} for suite in suites]}
    (LOGS / "tests.json").write_text(json.dumps(results, indent=1))
    if args.json:
        print(json.dumps(results))
    print(f"\n{totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped", file=out)
    return 1 if totals["failed"] or not totals["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
