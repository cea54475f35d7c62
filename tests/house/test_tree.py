"""What the files of the repository may contain, and that each rule can fail."""

import subprocess
from pathlib import Path

import pytest
import tree

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def repository(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return tmp_path


def test_no_file_names_a_machines_path_or_a_registrys_host():
    assert tree.forbidden_words(ROOT) == []


def test_no_file_is_larger_than_a_mebibyte():
    assert tree.oversized_files(ROOT) == []


def test_no_source_file_is_longer_than_a_thousand_lines():
    assert tree.long_files(ROOT, tree.LINES_MAX) == []


def test_nine_in_ten_source_files_are_under_450_lines():
    files = [path for path in tree.tracked_files(ROOT) if path.suffix in tree.CODE]
    assert len(tree.long_files(ROOT, tree.LINES_WARN)) <= len(files) / 10


def test_no_test_is_disabled():
    assert tree.disabled_tests(ROOT) == []


@pytest.mark.parametrize("line", ["see /" + "work/notes.txt", "cd /" + "root/x", "https://registry" + ".npmjs" + ".org/a",
                                  "index-url = https://pypi" + ".org/simple"])
def test_a_forbidden_word_is_found_with_its_line(repository, line):
    (repository / "a.txt").write_text(f"fine\n{line}\n")
    assert [text.split(":")[:2] for text in tree.forbidden_words(repository)] == [["a.txt", "2"]]


def test_ordinary_addresses_and_paths_are_fine(repository):
    (repository / "a.txt").write_text("https://kafka.apache.org /usr/bin/python3 /tmp/lab ~/.cache\n")
    assert tree.forbidden_words(repository) == []


def test_a_file_that_git_ignores_is_not_looked_at(repository):
    (repository / ".gitignore").write_text("build/\n")
    (repository / "build").mkdir()
    (repository / "build" / "a.txt").write_text("/" + "work/x")
    assert tree.tracked_files(repository) == [repository / ".gitignore"]


def test_large_and_long_files_are_found(repository):
    (repository / "large.bin").write_bytes(b"\0" * (tree.BYTES_MAX + 1))
    (repository / "long.cc").write_text("\n" * (tree.LINES_MAX + 1))
    assert [text.split(":")[0] for text in tree.oversized_files(repository)] == ["large.bin"]
    assert [text.split(":")[0] for text in tree.long_files(repository, tree.LINES_MAX)] == ["long.cc"]


def test_a_disabled_test_is_found(repository):
    (repository / "a_test.cc").write_text("TEST(A, DISABLED_" + "Works) {}\n")
    assert [text.split(":")[0] for text in tree.disabled_tests(repository)] == ["a_test.cc"]
