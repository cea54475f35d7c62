"""./dev test counts right and fails when it must: crashes, hangs, empty suites, disabled tests."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import run_suites  # noqa: E402

GTEST_XML = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4" failures="1" disabled="1" errors="0" time="0" name="AllTests">
  <testsuite name="A" tests="4" failures="1" disabled="1" skipped="1" errors="0" time="0">
    <testcase name="Passes" status="run" result="completed" time="0.25" classname="A" />
    <testcase name="Skips" status="run" result="skipped" time="0" classname="A">
      <skipped message="a.cc:3&#x0A;needs Java"><![CDATA[a.cc:3
needs Java]]></skipped>
    </testcase>
    <testcase name="Fails" status="run" result="completed" time="0" classname="A">
      <failure message="a.cc:4&#x0A;why" type=""><![CDATA[a.cc:4
why]]></failure>
    </testcase>
    <testcase name="DISABLED_Off" status="notrun" result="suppressed" time="0" classname="A" />
  </testsuite>
</testsuites>
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Makes a stand-in for a GoogleTest program and gives the suite after running it."""
    monkeypatch.setattr(run_suites, "LOGS", tmp_path)

    def run(script, filtered=False):
        path = tmp_path / "fake_tests"
        path.write_text("#!/bin/sh\nreport=${1#--gtest_output=xml:}\n" + script)
        path.chmod(0o755)
        suite = next(suite for suite in run_suites.find_suites(tmp_path, sys.executable, []) if suite.name == "fake_tests")
        return run_suites.run_suite(suite, filtered)

    return run


def is_alive(pid):
    """False also for a zombie that nobody has reaped yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def assert_ends(pid):
    deadline = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def outcomes(suite):
    return {test.name: test.outcome for test in suite.tests}


def write_report(xml):
    return f"cat >\"$report\" <<'XML'\n{xml}XML\n"


def test_a_report_is_read_test_by_test_and_a_disabled_test_is_a_failure(program):
    suite = program(write_report(GTEST_XML) + "exit 1\n")
    assert outcomes(suite) == {"A.Passes": "passed", "A.Skips": "skipped", "A.Fails": "failed", "A.DISABLED_Off": "failed"}
    assert next(test.reason for test in suite.tests if test.outcome == "skipped") == "needs Java"


def test_a_crash_keeps_what_had_run_and_fails_the_test_it_was_in(program):
    suite = program("""echo '[ RUN      ] A.Passes'; echo '[       OK ] A.Passes (0 ms)'
        echo '[ RUN      ] A.Skips'; echo 'needs Java'; echo '[  SKIPPED ] A.Skips (0 ms)'
        echo '[ RUN      ] A.Dies'; kill -SEGV $$\n""")
    assert outcomes(suite) == {"A.Passes": "passed", "A.Skips": "skipped", "A.Dies": "failed"}


def test_a_report_of_an_earlier_run_is_not_taken_for_this_one(program):
    assert program(write_report(GTEST_XML)).count("passed") == 1
    assert program("exit 0\n").count("passed") == 0


@pytest.mark.parametrize("code", [0, 1, 5])
def test_a_suite_that_runs_nothing_fails(program, code):
    assert program(f"exit {code}\n").count("failed") == 1


def test_a_suite_in_which_a_filter_selects_nothing_is_left_out(program):
    assert program("exit 0\n", filtered=True).tests == []


def test_a_bad_exit_code_fails_a_suite_whose_tests_all_passed(program):
    xml = GTEST_XML.split("<testcase name=\"Skips\"")[0] + "</testsuite></testsuites>\n"
    assert program(write_report(xml) + "exit 0\n").count("failed") == 0
    assert program(write_report(xml) + "exit 3\n").count("failed") == 1


def test_a_suite_that_hangs_is_stopped_with_its_children_and_fails(program, monkeypatch, tmp_path):
    monkeypatch.setattr(run_suites, "SUITE_TIMEOUT_S", 0.5)
    monkeypatch.setattr(run_suites, "INTERRUPT_GRACE_S", 5)
    suite = program(f"sleep 600 & echo $! >{tmp_path}/child; wait\n")
    assert suite.count("failed") == 1
    assert "took longer" in suite.tests[-1].reason
    assert_ends(int((tmp_path / "child").read_text()))


def test_a_suite_that_leaves_a_process_running_fails(program, monkeypatch, tmp_path):
    monkeypatch.setattr(run_suites, "LEFT_OVER_GRACE_S", 0.2)
    xml = GTEST_XML.split("<testcase name=\"Skips\"")[0] + "</testsuite></testsuites>\n"
    suite = program(write_report(xml) + f"sleep 600 & echo $! >{tmp_path}/child\n")
    assert [test.reason for test in suite.tests if test.outcome == "failed"] == ["left processes running, which were ended"]
    assert_ends(int((tmp_path / "child").read_text()))


def test_the_last_line_counts_and_the_exit_code_tells(tmp_path):
    program = tmp_path / "fake_tests"
    program.write_text("#!/bin/sh\nreport=${1#--gtest_output=xml:}\n" + write_report(GTEST_XML) + "exit 1\n")
    program.chmod(0o755)
    run = subprocess.run([sys.executable, ROOT / "tools" / "run_suites.py", "fake_tests"], capture_output=True, text=True,
                         env={**os.environ, "TRIBUTARY_BIN": str(tmp_path), "TRIBUTARY_TEST_LOGS": str(tmp_path)})
    assert run.returncode == 1
    assert run.stdout.splitlines()[-1] == "1 passed, 2 failed, 1 skipped"
    assert "SKIPPED fake_tests A.Skips: needs Java" in run.stdout
