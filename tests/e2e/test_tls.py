"""TLS to the source: encrypted or not at all, and verified as far as the task asks. Certificates are made by the test."""

import subprocess

import pytest

from task import wait_for

KINDS = ["mariadb-10.11", "mysql-9.7"]


def openssl(folder, *words):
    done = subprocess.run(["openssl", *words], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def authority(folder, name):
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "30",
            "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign,cRLSign")


def certificate(folder, name, ca, names, valid=("-days", "30")):
    (folder / f"{name}.ext").write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-out", f"{name}.pem",
            "-extfile", f"{name}.ext", *valid)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("tls")
    for name in ("authority", "stranger"):
        authority(made, name)
    certificate(made, "here", "authority", "IP:127.0.0.1,DNS:db.test")
    certificate(made, "elsewhere", "authority", "DNS:elsewhere.test")
    certificate(made, "client", "authority", "DNS:client.test")
    certificate(made, "expired", "authority", "IP:127.0.0.1", valid=("-days", "-1"))
    return made


def with_certificate(kind, folder, name):
    """The settings of a lab whose server shows this certificate."""
    options = [f"ssl-ca={folder / 'authority.pem'}", f"ssl-cert={folder / name}.pem", f"ssl-key={folder / name}.key"]
    return {"server": kind, "instances": 1, "front": False, "options": options}


@pytest.fixture(params=KINDS, scope="module")
def secure(request, binaries, folder):
    from servers import Lab, LabUnavailable
    lab = Lab(**with_certificate(request.param, folder, "here"))
    try:
        lab.__enter__()
    except LabUnavailable as reason:
        pytest.skip(f"{request.param} can't be had here: {reason}")
    yield lab
    lab.__exit__()


def prepare(lab, case):
    database = case.database(lab)
    with lab.sql(0, database) as sql:
        sql("CREATE TABLE t (id INT PRIMARY KEY)")
        sql("INSERT INTO t VALUES (1), (2)")
    return database


def refused(task, code, *words):
    with task.start("--until", "caught-up") as run:
        assert run.wait() == 3, run.story()
    error = run.lines[-1]["error"]
    assert error["code"] == code, error
    for word in words:
        assert word in error["what"], error
    return error


def test_all_connections_are_encrypted_and_the_server_is_who_it_says(secure, case, folder):
    database = prepare(secure, case)
    with secure.sql() as sql:
        sql("ALTER USER 'repl'@'%' REQUIRE SSL")
    topic = case.topic(secure)
    task = case.mysql_task(secure, database, topic, source__tls={"ca": str(folder / "authority.pem")})
    try:
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            with secure.sql(0, database) as sql:
                sql("INSERT INTO t VALUES (3)")
            wait_for(lambda: len(topic.records()) == 4, 60, "the change")
            run.stop()
        # The user may not come in clear: without TLS nothing of that works.
        task.change(source__tls=None)
        refused(task, "source.access_denied")
    finally:
        with secure.sql() as sql:
            sql("ALTER USER 'repl'@'%' REQUIRE NONE")


@pytest.mark.parametrize("verify", ["full", "ca"])
def test_a_certificate_of_another_authority_is_refused(secure, case, folder, verify):
    task = case.mysql_task(secure, prepare(secure, case), case.topic(secure),
                           source__tls={"ca": str(folder / "stranger.pem"), "verify": verify})
    refused(task, "source.tls", "certificate")
    task.change(source__tls={"enabled": True, "verify": "none"})
    task.catch_up()


def test_without_an_authority_of_ours_those_of_the_system_have_to_know_the_server(secure, case):
    task = case.mysql_task(secure, prepare(secure, case), case.topic(secure), source__tls={"verify": "full"})
    refused(task, "source.tls", "certificate")


def test_a_client_certificate_is_shown(secure, case, folder):
    database = prepare(secure, case)
    with secure.sql() as sql:
        sql("ALTER USER 'repl'@'%' REQUIRE X509")
    task = case.mysql_task(secure, database, case.topic(secure), source__tls={"ca": str(folder / "authority.pem")})
    try:
        refused(task, "source.access_denied")
        task.change(source__tls={name: str(folder / file) for name, file in
                                 (("ca", "authority.pem"), ("cert", "client.pem"), ("key", "client.key"))})
        task.catch_up()
    finally:
        with secure.sql() as sql:
            sql("ALTER USER 'repl'@'%' REQUIRE NONE")


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_for_another_host_is_refused_unless_only_the_authority_counts(kind, own_lab, case, folder):
    lab = own_lab(**with_certificate(kind, folder, "elsewhere"))
    topic = case.topic(lab)
    task = case.mysql_task(lab, prepare(lab, case), topic, source__tls={"ca": str(folder / "authority.pem")})
    refused(task, "source.tls")
    task.change(source__tls={"ca": str(folder / "authority.pem"), "verify": "ca"})
    task.catch_up()
    assert len(topic.records()) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_an_expired_certificate_is_refused(kind, own_lab, case, folder):
    lab = own_lab(**with_certificate(kind, folder, "expired"))
    task = case.mysql_task(lab, prepare(lab, case), case.topic(lab), source__tls={"ca": str(folder / "authority.pem")})
    refused(task, "source.tls", "expired")


@pytest.mark.parametrize("tls", [{"enabled": True}, {"verify": "full"}])
@pytest.mark.parametrize("kind", ["mariadb-10.11", "mysql-5.6"])
def test_a_server_without_tls_is_never_talked_to_in_clear(kind, tls, own_lab, case):
    lab = own_lab(server=kind, instances=1, front=False)
    task = case.mysql_task(lab, prepare(lab, case), case.topic(lab), source__tls=tls)
    refused(task, "source.tls", "TLS" if "enabled" in tls else "SSL")
