"""Two servers of one kind, one of which replicates from the other by GTID; killed, promoted and rebuilt by tests."""

import contextlib
import re
import socket
import threading

from servers import Lab
from task import wait_for


class Pair:
    """A lab of two servers; the primary is instance `primary`, the other replicates from it."""

    def __init__(self, kind, options=()):
        more = ["log-slave-updates"] if kind.startswith("mariadb") else []
        self.lab = Lab(server=kind, instances=2, front=False, kafka="auto", options=[*more, *options])
        self.kind = kind
        self.primary = 0
        self.commits = threading.Lock()  # held by writers while they commit

    def __enter__(self):
        self.lab.__enter__()
        try:
            for instance in (0, 1):
                with self.sql(instance) as sql:
                    # Each has made its accounts by itself: nothing is to be replicated of that.
                    sql("RESET BINARY LOGS AND GTIDS" if self.is_new_mysql else "RESET MASTER")
            self.replicate(1)
        except BaseException:
            self.lab.__exit__()
            raise
        return self

    def __exit__(self, *reason):
        self.lab.__exit__(*reason)

    @property
    def is_mariadb(self):
        return self.kind.startswith("mariadb")

    @property
    def is_new_mysql(self):
        return self.kind == "mysql-9.7"

    def sql(self, instance=None, database=None, **more):
        return self.lab.sql(self.primary if instance is None else instance, database, **more)

    def address(self, instance):
        storage = self.lab.storage[instance]
        return f"{storage['host']}:{storage['port']}"

    def source(self, instances=(0, 1), **more):
        storage = self.lab.storage[0]
        return {"engine": "mysql", "hosts": [self.address(i) for i in instances], "user": storage["user"],
                "password": storage["password"], **more}

    def replicate(self, instance):
        """The server begins to replicate from the other one, from the first transaction it lacks on."""
        storage = self.lab.storage[1 - instance]
        where = {"HOST": f"'{storage['host']}'", "PORT": storage["port"], "USER": f"'{storage['admin_user']}'",
                 "PASSWORD": f"'{storage['admin_password']}'"}
        prefix = "SOURCE" if self.is_new_mysql else "MASTER"
        words = ", ".join(f"{prefix}_{name} = {value}" for name, value in where.items())
        with self.sql(instance) as sql:
            if self.is_mariadb:
                sql(f"CHANGE MASTER TO {words}, MASTER_USE_GTID = slave_pos")
                sql("START SLAVE")
            elif self.is_new_mysql:
                sql(f"CHANGE REPLICATION SOURCE TO {words}, SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1")
                sql("START REPLICA")
            else:
                sql(f"CHANGE MASTER TO {words}, MASTER_AUTO_POSITION = 1")
                sql("START SLAVE")
            sql("SET GLOBAL read_only = ON")

    def replica_state(self, instance):
        with self.sql(instance) as sql:
            statement = "SHOW REPLICA STATUS" if self.is_new_mysql else "SHOW SLAVE STATUS"
            with sql.connection.cursor() as cursor:
                cursor.execute(statement)
                names = [column[0] for column in cursor.description]
                row = cursor.fetchone()
            return dict(zip(names, row)) if row else {}

    def has_applied_all(self, instance):
        """Of what it has received, which may not be all there was."""
        state = self.replica_state(instance)
        error = state.get("Last_SQL_Error")
        assert not error, error
        read = state.get("Read_Source_Log_Pos", state.get("Read_Master_Log_Pos"))
        done = state.get("Exec_Source_Log_Pos", state.get("Exec_Master_Log_Pos"))
        files = [state.get("Source_Log_File", state.get("Master_Log_File")),
                 state.get("Relay_Source_Log_File", state.get("Relay_Master_Log_File"))]
        return read == done and files[0] == files[1]

    def gtids(self, instance=None):
        with self.sql(instance) as sql:
            return sql.one(f"SELECT @@global.{'gtid_binlog_pos' if self.is_mariadb else 'gtid_executed'}").replace("\n", "")

    def holds(self, instance, gtids):
        with self.sql(instance) as sql:
            if self.is_mariadb:
                last = [max((int(one.split("-")[2]) for one in text.split(",") if one), default=0)  # all is of one domain here
                        for text in (sql.one("SELECT @@global.gtid_binlog_pos"), gtids)]
                return last[0] >= last[1]
            return sql.one(f"SELECT GTID_SUBSET('{gtids}', @@global.gtid_executed)") in (1, "1")

    def wait_for_replica(self):
        wanted = self.gtids()

        def is_there():
            state = self.replica_state(1 - self.primary)
            errors = [value for name, value in state.items() if name in ("Last_IO_Error", "Last_SQL_Error") and value]
            assert not errors, errors
            return self.holds(1 - self.primary, wanted)
        wait_for(is_there, 120, "the replica to catch up")

    def kill_primary(self):
        """In the middle of whatever goes on; but not of a commit of ours, which the replica would lack."""
        self.lab.server("stop", self.primary, "--kill")

    def promote(self):
        """The replica, once it has applied all it received, becomes the primary."""
        new = 1 - self.primary
        wait_for(lambda: self.has_applied_all(new), 60, "the replica to apply what it received")
        with self.sql(new) as sql:
            for word in ("REPLICA",) if self.is_new_mysql else ("SLAVE",):
                sql(f"STOP {word}")
                sql(f"RESET {word} ALL")
            sql("SET GLOBAL read_only = OFF")
        self.primary = new

    def rebuild_old(self):
        """The former primary, started again and emptied, is filled from the present one and replicates from it."""
        old = 1 - self.primary
        self.lab.server("start", old)
        with self.sql(old) as sql:
            for (database,) in sql("SHOW DATABASES"):
                if not re.fullmatch(r"mysql|information_schema|performance_schema|sys|shop_\d+", database):
                    sql(f"DROP DATABASE `{database}`")
            sql("RESET BINARY LOGS AND GTIDS" if self.is_new_mysql else "RESET MASTER")
            if self.is_mariadb:
                sql("SET GLOBAL gtid_slave_pos = ''")
            sql(f"SET GLOBAL server_id = {201 + old}")  # changes that bear its own it would leave out
        self.replicate(old)  # the primary still has its first binlog


class Proxy:
    """One address behind which a server stands that can be exchanged; its connections are cut then."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = None
        self.open = []
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def lead_to(self, storage, cut=True):
        with self.lock:
            self.target = (storage["host"], storage["port"])
        if cut:
            self.cut()

    def cut(self):
        with self.lock:
            cut, self.open = self.open, []
        for one in cut:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                target = self.target
            try:
                server = socket.create_connection(target)
            except OSError:
                client.close()
                continue
            with self.lock:
                self.open += [client, server]
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    @staticmethod
    def _copy(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A thread in accept() is not woken by close() alone.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()
