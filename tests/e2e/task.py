"""Task files and runs of `tributary run`, with its progress read as JSON lines."""

import contextlib
import json
import pathlib
import signal
import subprocess
import threading
import time

from servers import BIN


class Run:
    """One process. A context manager: it does not outlive the test."""

    def __init__(self, file, *options):
        self.errors = pathlib.Path(file).with_suffix(".stderr")
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen([BIN / "tributary", "run", file, "--json", *options], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=errors, text=True)
        self.lines = []
        self.looked_at = 0
        self.is_over = False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(json.loads(line))
                self.changed.notify_all()
        with self.changed:
            self.is_over = True
            self.changed.notify_all()

    def story(self):
        last = json.dumps(self.lines[-1], indent=1) if self.lines else "no progress"
        return f"exit code {self.process.poll()}\n{last}\n{self.errors.read_text(errors='replace')[-3000:]}"

    def wait_until(self, condition, timeout=60):
        """Waits for a line of progress that fulfils the condition, from the one found last on, and returns it."""

        def look():
            while self.looked_at < len(self.lines):
                if condition(self.lines[self.looked_at]):
                    return self.lines[self.looked_at]
                self.looked_at += 1
            return self.is_over
        with self.changed:
            found = self.changed.wait_for(look, timeout)
        assert isinstance(found, dict), f"not seen within {timeout} s: {self.story()}"
        return found

    def wait_for_instance(self, condition, timeout=60):
        """The same for the state of the first instance."""
        return self.wait_until(lambda line: line["instances"] and condition(line["instances"][0]), timeout)["instances"][0]

    def wait_for_new_lines(self, count):
        """Waits until the program has told so many more times how it is."""
        with self.changed:
            wanted = len(self.lines) + count
            assert self.changed.wait_for(lambda: len(self.lines) >= wanted or self.is_over, 30) and not self.is_over, self.story()

    def wait(self, timeout=120):
        """The exit code."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout} s: {self.story()}") from None
        self.thread.join()
        return code

    def finish(self, timeout=120):
        """Waits for its end, which has to be a good one."""
        code = self.wait(timeout)
        assert code == 0, self.story()
        return self.lines[-1]

    def kill(self):
        self.process.kill()
        self.wait()

    def stop(self, timeout=60):
        self.process.send_signal(signal.SIGINT)
        return self.finish(timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.thread.join()


class Task:
    """A task file in a folder of its own. `change` edits the definition, dotted keys reach inwards."""

    def __init__(self, folder, name, source, objects, brokers, topic, **settings):
        self.folder = pathlib.Path(folder)
        self.file = self.folder / f"{name}.yaml"
        self.definition = {
            "name": name, "source": source,
            "destination": {"engine": "kafka", "brokers": brokers, "topic": topic},
            "migration": ["schema", "full", "incremental"], "objects": objects, "state_dir": "./state",
            "heartbeat": {"interval_ms": 200}}
        self.change(**settings)

    @property
    def state(self):
        return self.folder / "state"

    def change(self, **settings):
        for key, value in settings.items():
            place, *path = self.definition, *key.split("__")
            for part in path[:-1]:
                place = place.setdefault(part, {})
            if value is None:
                place.pop(path[-1], None)
            else:
                place[path[-1]] = value
        self.file.write_text(json.dumps(self.definition, indent=1))  # JSON is YAML

    def start(self, *options):
        return Run(self.file, *options)

    def catch_up(self, timeout=120):
        """Runs until the stream has reached what the source holds now."""
        with self.start("--until", "caught-up") as run:
            return run.finish(timeout)


def mysql_source(storage, **more):
    return {"engine": "mysql", "host": storage["host"], "port": storage["port"], "user": storage["user"],
            "password": storage["password"], **more}


def polardbx10_source(lab):
    front, storage = lab.front, lab.storage[0]
    return {"engine": "polardbx10", "host": front["host"], "port": front["port"], "user": front["user"], "password": front["password"],
            "storage": {"user": storage["user"], "password": storage["password"]}}


@contextlib.contextmanager
def background(*workers):
    """Runs functions of one argument, should_end(), in threads; the first exception of theirs is raised at the end."""
    ending = threading.Event()
    failed = []

    def guarded(worker):
        try:
            worker(ending.is_set)
        except BaseException as error:  # noqa: BLE001 - passed on below
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(worker,), daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield ending
    finally:
        ending.set()
        for thread in threads:
            thread.join(60)
    if failed:
        raise failed[0]


def wait_for(condition, timeout=60, what="the condition"):
    """Polls what can't be waited for otherwise."""
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {timeout} s"
        time.sleep(0.02)
    return result
