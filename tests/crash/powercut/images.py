"""What a disk may hold after a power cut: everything synced, and any part of what was not."""

from __future__ import annotations

SECTOR = 512


class Disk:
    """Replays a trace. `durable` is safe; `waiting` may be lost, torn or kept, in any combination."""

    def __init__(self):
        self.durable = {}
        self.waiting = {}

    def apply(self, step):
        """Let one recorded step happen."""
        kind, name = step[0], step[1]
        if kind in ("write", "truncate"):
            self.waiting.setdefault(name, []).append(step)
        elif kind == "sync":
            content = self.durable.setdefault(name, bytearray())
            for waiting in self.waiting.pop(name, []):
                _put(content, waiting)
        elif kind == "delete":
            self.durable.pop(name, None)
            self.waiting.pop(name, None)

    def image(self, chance):
        """One possible content of every file if the power fails now."""
        files = {name: bytes(content) for name, content in self.durable.items()}
        for name, steps in self.waiting.items():
            kept = _survivors(steps, chance)
            if name not in files and not kept:
                continue  # never synced, nothing kept: the directory entry is lost too
            content = bytearray(files.get(name, b""))
            for step in kept:
                _put(content, step)
            files[name] = bytes(content)
        return files


def _survivors(steps, chance):
    way = chance.random()
    if way < 0.1:
        return []
    if way < 0.2:
        return steps
    if way < 0.4:
        count = chance.randrange(len(steps) + 1)
        torn = [_torn(steps[count], chance)] if count < len(steps) else []
        return steps[:count] + torn
    return [_torn(step, chance) if chance.random() < 0.3 else step for step in steps if chance.random() < 0.6]


def _torn(step, chance):
    if step[0] != "write" or len(step[3]) <= SECTOR:
        return step
    kind, name, offset, data = step
    sectors = (len(data) + SECTOR - 1) // SECTOR
    cut = SECTOR * chance.randrange(1, sectors)
    # Sectors reach the medium in any order: the head or the tail of the write survives.
    return (
        (kind, name, offset, data[:cut]) if chance.random() < 0.7 else (kind, name, offset + cut, data[cut:])
    )


def _put(content, step):
    if step[0] == "truncate":
        del content[step[2] :]
        return
    _, _, offset, data = step
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data
