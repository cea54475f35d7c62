"""Row filters against real servers: random conditions over a table with columns of every type give the same verdict from
the server (in the list of results, and behind WHERE) and from the filter, for every row.

TRIBUTARY_RANDOM_ROUNDS: conditions per server (default 3000), random ones then; without it, or a SEED, they are the same each time. The seed is printed.
"""

import collections
import os
import random
import subprocess

import pytest

from filter_generator import Conditions, statements
from servers import BIN, Lab, LabUnavailable

SERVERS = ["mariadb-10.11", "mysql-5.6", "mysql-9.7"]
ROWS = 60
ROUNDS = int(os.environ.get("TRIBUTARY_RANDOM_ROUNDS", 3000))


@pytest.fixture
def seeded():
    """Searching, which may find something one day, is for those who ask for it."""
    seed = int(os.environ.get("SEED") or (random.randrange(2**32) if "TRIBUTARY_RANDOM_ROUNDS" in os.environ else 601))
    print(f"SEED={seed}")
    return random.Random(seed)


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    try:
        with Lab(server=request.param, instances=1, front=False, kafka="none", databases=1) as lab:
            yield request.param, lab
    except LabUnavailable as e:
        pytest.skip(f"{request.param}: {e}")


def ask(lab, database, conditions):
    """filter_rows' answer to each condition."""
    storage = lab.storage[0]
    done = subprocess.run(
        [BIN / "filter_rows", storage["host"], str(storage["port"]), storage["admin_user"], storage["admin_password"], database, "t"],
        input="\n".join(conditions) + "\n", capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    answers = done.stdout.removesuffix("\n").split("\n")
    assert len(answers) == len(conditions)
    return list(zip(conditions, answers))


@pytest.fixture
def table(server, case, seeded):
    kind, lab = server
    database = case.database(lab)
    with lab.sql(0, database) as sql:
        sql("SET SESSION sql_mode = '', time_zone = '+00:00'")
        for statement in statements(kind, seeded, ROWS):
            sql(statement)
    return kind, lab, database, seeded


def ranges(chance, *scripts):
    """Texts of one to three characters of a script."""
    for first, last in scripts:
        for _ in range(250):
            yield "".join(chr(chance.randint(first, last)) for _ in range(chance.randint(1, 3)))


COLLATIONS = {"general": "utf8mb4_general_ci", "unicode": "utf8mb4_unicode_ci", "uca9": "utf8mb4_0900_ai_ci", "swedish": "latin1_swedish_ci", "latin": "latin1_general_ci"}


def test_every_character_weighs_what_it_weighs_at_the_server(server, case, seeded):
    """All characters of the BMP and some beyond, alone and in texts of scripts whose characters contract elsewhere: their
    order against random ones, and their other case bit by bit."""
    kind, lab = server
    database = case.database(lab)
    texts = [chr(c) for c in range(1, 0x10000) if not 0xD800 <= c < 0xE000]
    texts += [chr(c) for c in list(range(0x10000, 0x10500)) + seeded.sample(range(0x10500, 0x110000), 2000)]
    texts += list(ranges(seeded, (0xE00, 0xEFF), (0xF00, 0xFBC), (0xB80, 0xDFF), (0x980, 0xA00), (0x300, 0x36F), (0x1100, 0x11FF), (0x400, 0x4FF), (0x20, 0x17F)))
    collations = {name: collation for name, collation in COLLATIONS.items() if kind == "mysql-9.7" or "0900" not in collation}
    with lab.sql(0, database) as sql:
        sql("SET SESSION sql_mode = '', time_zone = '+00:00'")
        columns = ", ".join(f"{name} VARCHAR(4) CHARACTER SET {collation.split('_')[0]} COLLATE {collation}" for name, collation in collations.items())
        sql(f"CREATE TABLE t (id INT PRIMARY KEY, {columns}) DEFAULT CHARSET=utf8mb4 ENGINE=InnoDB")
        for start in range(0, len(texts), 2000):
            rows = []
            for i, text in enumerate(texts[start:start + 2000], start):
                literal = "x'" + text.encode().hex() + "'"
                values = [f"CONVERT({literal} USING utf8mb4)" if "utf8" in c else f"x'{i % 256:02x}'" for c in collations.values()]
                rows.append(f"({i}, {', '.join(values)})")
            sql("INSERT INTO t VALUES " + ", ".join(rows))
    conditions = []
    for name, collation in collations.items():
        for _ in range(max(3, ROUNDS // 1000)):
            text = seeded.choice(seeded.choice([texts, texts[-4000:], texts[0x20:0x500], ["\u200b", "\u00ad", "a\u0301", "\U0001f600"]]))
            if "utf8" not in collation:
                text = chr(seeded.randint(1, 126))
            literal = "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
            if "\n" not in literal:
                conditions += [f"{name} < {literal}", f"{name} = {literal}", f"{name} LIKE {literal}"]
        conditions += [f"CRC32({case}({name})) DIV {1 << seeded.randint(0, 30)} % 2 = 1" for case in ("LOWER", "UPPER") for _ in range(3)]
    figures = judge(ask(lab, database, conditions))
    print(kind, figures, figures["same"] * len(texts), "pairs")
    assert figures["same"] > len(conditions) * 0.9, figures


def judge(answers):
    wrong = [f"{condition}\n    {answer}" for condition, answer in answers if answer.startswith("differs")]
    assert not wrong, f"{len(wrong)} of {len(answers)}:\n" + "\n".join(wrong[:20])
    figures = collections.Counter(answer.split()[0] for _, answer in answers)
    assert figures["louder"] <= 2 + len(answers) * 0.001, figures
    return figures


def test_conditions_hold_for_the_same_rows_as_at_the_server(table):
    kind, lab, database, chance = table
    conditions = Conditions(kind, chance)
    figures = judge(ask(lab, database, [conditions.condition() for _ in range(ROUNDS)]))
    print(kind, figures, figures["same"] * ROWS, "pairs")
    assert figures["refused"] < ROUNDS * 0.05, figures
    assert figures["invalid"] < ROUNDS * 0.02, figures


def test_what_is_not_refused_of_wild_conditions_is_as_at_the_server(table):
    kind, lab, database, chance = table
    conditions = Conditions(kind, chance)
    figures = judge(ask(lab, database, [conditions.wild() for _ in range(ROUNDS // 6)]))
    print(kind, figures)
    assert figures["same"] > ROUNDS * 0.02, figures
