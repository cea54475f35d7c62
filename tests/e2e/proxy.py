"""A TCP proxy that can be told to misbehave: to cut, to freeze (nothing comes through, no end is told) and to delay."""

import contextlib
import selectors
import socket
import threading
import time


class Proxy:
    def __init__(self, host, port):
        self.target = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self.listener.getsockname()
        self.delay_s = 0.0
        self.frozen = threading.Event()
        self.ended = False
        self.pairs = set()
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.ended:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = socket.create_connection(self.target, 5)
        except OSError:
            client.close()
            return
        pair = (client, server)
        with self.lock:
            self.pairs.add(pair)
        chooser = selectors.DefaultSelector()
        chooser.register(client, selectors.EVENT_READ, server)
        chooser.register(server, selectors.EVENT_READ, client)
        with contextlib.suppress(OSError, ValueError):
            while True:
                if self.frozen.is_set():
                    time.sleep(0.05)
                    continue
                for key, _ in chooser.select(0.5):
                    data = key.fileobj.recv(65536)
                    if not data:
                        raise OSError
                    if self.delay_s:
                        time.sleep(self.delay_s)
                    key.data.settimeout(30)
                    key.data.sendall(data)
                if pair not in self.pairs:
                    raise OSError
        self._close(pair)

    def _close(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for end in pair:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                end.close()

    def cut(self):
        for pair in list(self.pairs):
            self._close(pair)

    def close(self):
        self.ended = True
        self.listener.close()
        self.cut()
