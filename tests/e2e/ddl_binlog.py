"""The statements of a server's binlog files, read from its data folder: whole Query events as hexadecimal text.

Source: MySQL Internals "Binary Log Event": a header of 19 bytes, its fifth is the type, the next eight are server id and size.
"""

import pathlib
import struct

QUERY, FORMAT_DESCRIPTION = 2, 15


class Event:
    def __init__(self, kind, end, raw):
        self.kind, self.end, self.raw = kind, end, raw


def events(file, start):
    """Format descriptions and queries that end behind `start`; stops at what is not yet written in full."""
    data = pathlib.Path(file).read_bytes()
    place = 4
    while place + 19 <= len(data):
        kind, size = data[place + 4], struct.unpack_from("<I", data, place + 9)[0]
        if size < 19 or place + size > len(data):
            return
        end = place + size
        if kind == FORMAT_DESCRIPTION or kind == QUERY and end > start:
            yield Event(kind, end, data[place:end])
        place = end


class Tail:
    """Reads on where it stopped, over all the files. `position` is (file, offset) as SHOW MASTER STATUS tells it."""

    def __init__(self, folder, position):
        self.folder = pathlib.Path(folder)
        self.file, self.offset = position

    def read(self, until):
        """Events up to the position, each format description again where a file is begun."""
        while True:
            for event in events(self.folder / self.file, self.offset):
                if self.file == until[0] and event.end > until[1]:
                    break
                yield event
            if self.file == until[0]:
                self.offset = until[1]
                return
            name, number = self.file.rsplit(".", 1)
            self.file, self.offset = f"{name}.{int(number) + 1:0{len(number)}d}", 4


def position(sql):
    statement = "SHOW BINARY LOG STATUS" if not sql.is_old else "SHOW MASTER STATUS"
    row = sql(statement)[0]
    return row[0] if isinstance(row[0], str) else row[0].decode(), int(row[1])
