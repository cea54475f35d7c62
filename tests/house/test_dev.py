"""./dev as a person meets it: help, wrong use, and --no-install on a machine that lacks everything."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def dev(*args, **env):
    return subprocess.run([ROOT / "dev", *args], capture_output=True, text=True, env={**os.environ, **env})


@pytest.fixture
def bare_machine(tmp_path):
    """A PATH on which dpkg-query knows no package, and installing anything is recorded."""
    for name in ("bash", "dirname", "nproc", "cat", "awk", "grep", "sort", "id", "mkdir", "tail", "env", "cut"):
        (tmp_path / name).symlink_to(next(p for p in (Path("/usr/bin", name), Path("/bin", name)) if p.exists()))
    for name in ("apt-get", "apt-cache", "sudo", "pip", "npm", "mvn"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{tmp_path}/calls\nexit 1\n')
        (tmp_path / name).chmod(0o755)
    (tmp_path / "dpkg-query").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "dpkg-query").chmod(0o755)
    return tmp_path


def test_help_names_every_command():
    run = dev("help")
    assert run.returncode == 0
    for command in ("demo", "test", "check", "bench", "lab", "build", "format", "clean", "help", "--no-install", "Examples"):
        assert command in run.stdout


@pytest.mark.parametrize("args", [["nonsense"], ["build", "--preset", "nonsense"], ["build", "--nonsense"],
                                  ["lab", "nonsense"], ["check", "--nonsense"]])
def test_wrong_use_is_exit_code_2_and_one_message(args):
    run = dev(*args)
    assert run.returncode == 2
    assert "nonsense" in run.stderr or "lab up" in run.stderr


@pytest.mark.parametrize("command", ["demo", "test", "check", "bench", "build", "format"])
def test_no_install_names_what_is_missing_and_installs_nothing(bare_machine, command):
    run = dev(command, "--no-install", PATH=str(bare_machine))
    assert run.returncode == 1
    assert "missing: " in run.stderr
    assert ("clang-format" if command == "format" else "libmariadb-dev") in run.stderr
    assert not (bare_machine / "calls").exists()


def test_an_installation_that_fails_ends_the_command_and_shows_why(bare_machine, tmp_path):
    run = dev("build", PATH=str(bare_machine))
    assert run.returncode == 1
    assert "installing with apt: " in run.stderr
    assert "apt-get" in (bare_machine / "calls").read_text()
