"""A plan to hold one mutating request, before it reaches the server or before its answer comes back, so that the test can
kill the sender at just that moment."""

import threading
from collections import Counter

READS = ("Describe", "Get", "List", "Head", "Simulate", "Decode", "Lookup", "Test", "AssumeRole")


class Holds:
    """Waits to be told by lines: `hold PHASE LIMIT SKIP [NAME]` holds the next request of an operation that was not yet held
    LIMIT times in that phase, passing over the first SKIP such, and all but those of NAME where one is given; `drop` closes
    its connection without an answer; `none` holds nothing. `covered NAME` passes over that operation from then on. After `alone`
    whatever else would change something while a request is held never reaches the server: its sender is killed, and so
    each operation comes again to be held. A phase is `before` or `after` the server had the request; `tell` is called with
    what is held, and in which."""

    def __init__(self, tell):
        self.changed = threading.Condition()
        self.tell, self.held, self.done = tell, None, Counter()
        self.armed, self.phase, self.limit, self.skip, self.only = False, "", 0, 0, None
        self.alone, self.covered = False, set()

    def command(self, line):
        word, *rest = line.split()
        with self.changed:
            if word == "alone":
                self.alone = True
                return
            if word == "covered":
                self.covered.update(rest)
                return
            self.armed = word == "hold"
            if self.armed:
                self.phase, self.limit, self.skip = rest[0], int(rest[1]), int(rest[2])
                self.only = rest[3] if len(rest) > 3 else None
            if word == "drop":
                self.held = None
            self.changed.notify_all()

    def hold(self, name, phase):
        """Whether this request was held; if so its answer must not go back."""
        if name.partition(":")[2].startswith(READS):
            return False
        with self.changed:
            if self.alone and self.held is not None and phase == "before":
                self.wait()
                return True
            if not self.armed or phase != self.phase or self.done[name, phase] >= self.limit:
                return False
            if self.only not in (None, name) or name in self.covered:
                return False
            if self.skip > 0:
                self.skip -= 1
                return False
            self.armed, self.held = False, name
            self.done[name, phase] += 1
            self.tell(name, phase)
            self.wait()
            return True

    def wait(self):
        while self.held is not None:
            self.changed.wait()
