"""docs/errors.md is made from the catalogue, whole and up to date."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import errors_doc  # noqa: E402


def test_the_page_is_what_the_catalogue_says():
    assert errors_doc.PAGE.read_text() == errors_doc.page(errors_doc.CATALOG.read_text())


def test_every_code_of_the_catalogue_is_on_the_page():
    codes = re.findall(r'^TRIBUTARY_ERROR\(\w+, "([^"]+)"', errors_doc.CATALOG.read_text(), re.MULTILINE)
    page = errors_doc.PAGE.read_text()
    assert len(codes) > 50
    assert [code for code in codes if f"| `{code}` |" not in page] == []


def test_an_entry_of_another_form_is_an_error_and_not_left_out():
    with pytest.raises(SystemExit):
        errors_doc.page('TRIBUTARY_ERROR(name, "a.b", fatal, task, TEXT, "x")\n')
