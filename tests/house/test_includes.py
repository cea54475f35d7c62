"""The include table of ARCHITECTURE.md holds, and the check that says so can fail."""

from pathlib import Path

import includes
import pytest

ROOT = Path(__file__).resolve().parents[2]


def write(root, name, *lines):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


def test_every_include_of_the_repository_is_in_the_table():
    assert [f"{path}:{line}: {text}" for path, line, text in includes.violations(ROOT)] == []


def test_folders_of_src_are_those_of_the_table():
    folders = {path.name for path in (ROOT / "src").iterdir() if path.is_dir()}
    assert folders <= set(includes.MAY_INCLUDE)


def test_the_table_has_no_circle():
    for folder in includes.MAY_INCLUDE:
        assert folder not in includes.below(folder)


@pytest.mark.parametrize("file, line", [
    ("src/base/a.h", '#include "model/value.h"'),
    ("src/model/a.cc", '#include "mysql/connection.h"'),
    ("src/encode/a.cc", '#include "kafka/producer.h"'),
    ("src/source/binlog/a.cc", '#include "sink/delivery.h"'),
    ("src/sink/a.cc", '#include "source/reader.h"'),
    ("src/cli/a.cc", '#include "pipeline/pipeline.h"'),
    ("src/source/a.cc", "#include <mysql.h>"),
    ("src/sink/a.cc", "#include <librdkafka/rdkafka.h>"),
    ("src/task/a.cc", "#include <sqlite3.h>"),
    ("src/cli/a.cc", "#include <yaml-cpp/yaml.h>"),
    ("src/task/a.cc", "#include <CLI/CLI.hpp>"),
    ("src/pipeline/a.cc", "#include <spdlog/spdlog.h>"),
    ("src/encode/a.cc", "#include <nlohmann/json.hpp>"),
    ("src/base/a.cc", "#include <boost/asio.hpp>"),
    ("src/sink/a_test.cc", '#include "source/reader.h"'),
    ("src/other/a.cc", "#include <vector>"),
    ("src/a.cc", "#include <vector>"),
    ("lab/front/a.cc", '#include "source/reader.h"'),
])
def test_an_edge_outside_the_table_is_found(tmp_path, file, line):
    write(tmp_path, file, line)
    assert [str(path) for path, _, _ in includes.violations(tmp_path)] == [file]


@pytest.mark.parametrize("file, line", [
    ("src/task/a.cc", '#include "kafka/admin.h"'),
    ("src/cli/a.cc", '#include "pipeline/progress.h"'),
    ("src/pipeline/a_test.cc", '#include "kafka/mock.h"'),
    ("src/encode/a_test.cc", "#include <nlohmann/json.hpp>"),
    ("src/source/binlog/a.cc", "#include <zstd.h>"),
    ("src/kafka/a.cc", "#include <librdkafka/rdkafka.h>"),
    ("src/base/a.cc", "#include <sys/socket.h>"),
    ("src/sink/a.cc", '// #include "source/reader.h"'),
    ("lab/front/a.cc", '#include "lab/front/session.h"'),
])
def test_an_edge_of_the_table_is_allowed(tmp_path, file, line):
    write(tmp_path, file, line)
    assert includes.violations(tmp_path) == []


def test_a_wrapped_library_may_not_leave_its_folder_through_a_header(tmp_path):
    write(tmp_path, "src/kafka/internal.h", "#include <librdkafka/rdkafka.h>")
    write(tmp_path, "src/kafka/producer.cc", '#include "kafka/internal.h"')
    assert includes.violations(tmp_path) == []
    write(tmp_path, "src/kafka/producer.h", '#include "kafka/internal.h"')
    write(tmp_path, "src/sink/delivery.cc", '#include "kafka/producer.h"')
    assert [str(path) for path, _, _ in includes.violations(tmp_path)] == ["src/sink/delivery.cc"]
