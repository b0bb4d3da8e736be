"""Runs a command in a terminal of its own and types what it is told to: `in_a_terminal.py PROMPT ANSWER [PROMPT ANSWER]… -- COMMAND…`.

Each prompt, or one of several with bars between them, is waited for in what comes after the answer before. What the terminal shows
goes to the output, and the command's exit code is this program's. `^C` as the answer is the key.
"""

import os
import pty
import sys


def main():
    end = sys.argv.index("--")
    typing, command = sys.argv[1:end], sys.argv[end + 1:]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    seen, looked = b"", 0
    while True:
        try:
            some = os.read(terminal, 65536)
        except OSError:
            break
        if not some:
            break
        seen += some
        if typing and any(prompt.encode() in seen[looked:] for prompt in typing[0].split("|")):
            answer, typing, looked = typing[1], typing[2:], len(seen)
            os.write(terminal, b"\x03" if answer == "^C" else answer.encode() + b"\n")
    # At ^C the terminal drops what it has not shown yet, which may be half a letter.
    sys.stdout.buffer.write(seen.decode(errors="replace").encode())
    sys.stdout.flush()
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


main()
