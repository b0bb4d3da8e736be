"""A plan to hold one mutating request, before it reaches the server or before its answer comes back, so that the test can
kill the sender at just that moment."""

import threading
from collections import Counter

READS = ("Describe", "Get", "List", "Head", "Simulate", "Decode", "Lookup", "Test", "AssumeRole")


class Holds:
    """Waits to be told by lines: `hold LIMIT SKIP` holds the next request of an operation that was not yet held LIMIT times
    at that moment, passing over the first SKIP such; `drop` closes its connection without an answer; `none` holds nothing.
    `tell` is called with what is held, and at which moment: `before` or `after` the server had it."""

    def __init__(self, tell):
        self.changed = threading.Condition()
        self.tell, self.held, self.done = tell, None, Counter()
        self.armed, self.limit, self.skip = False, 0, 0

    def command(self, line):
        word, *rest = line.split()
        with self.changed:
            self.armed = word == "hold"
            if self.armed:
                self.limit, self.skip = int(rest[0]), int(rest[1])
            if word == "drop":
                self.held = None
            self.changed.notify_all()

    def hold(self, name, phase):
        """Whether this request was held; if so its answer must not go back."""
        operation = name.partition(":")[2]
        with self.changed:
            if not self.armed or operation.startswith(READS) or self.done[name, phase] >= self.limit:
                return False
            if self.skip > 0:
                self.skip -= 1
                return False
            self.armed, self.held = False, name
            self.done[name, phase] += 1
            self.tell(name, phase)
            while self.held is not None:
                self.changed.wait()
            return True
