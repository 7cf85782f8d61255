# SPDX-License-Identifier: GPL-2.0-or-later
"""Kills and cancels csumtool at random moments of its writes, and looks at the volume each time.

    killer.py ROUNDS SEED LARGEST VOLUME [METADATA]

VOLUME is formatted. Every round writes or discards a part of it, of at most LARGEST bytes, and sends SIGKILL or one or
two of the signals that cancel. Then the exit status must be the one in the manual; the volume must be clean after a
cancelled command; check must end with 0 and find nothing but "interrupted"; every sector must hold its old or its new
content, and after a cancelled write exactly the bytes that the message names must be new. The next round's write
recovers.

CSUMTOOL in the environment is the program. The last line printed sums up.
"""
import os
import random
import re
import signal
import subprocess
import sys
import time

PROGRAM = os.environ["CSUMTOOL"]
CANCELLING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


# Limit for commands that end at once unless they hang.
PATIENCE_SECONDS = 600


class Violation(Exception):
    pass


class OutOfTime(Exception):
    pass


def run(*arguments):
    done = subprocess.run((PROGRAM,) + arguments, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def expect(condition, text):
    if not condition:
        raise Violation(text)


def pattern(generation, offset, length):
    """Returns bytes that name, in every half kilobyte, their place and the write that they come from."""
    first = offset // 512
    end = (offset + length + 511) // 512
    text = b"".join(b"%07x g%06d\n" % (place, generation) * 32 for place in range(first, end))
    return text[offset - first * 512:offset - first * 512 + length]


class Command:
    """A write or discard, and the signals that are to end it."""

    def __init__(self, chance, number, space, largest):
        self.number = number
        self.discard = chance.random() < 0.2
        unit = chance.choice((1, 4096, 4096))
        self.length = max(1, int(largest * chance.choice((1, chance.random()))) // unit * unit)
        self.offset = chance.randrange(space - self.length + 1) // unit * unit
        kind = chance.random()
        if kind < 0.4:
            self.signals = (signal.SIGKILL,)
        elif kind < 0.9:
            self.signals = (chance.choice(CANCELLING),)
        else:
            self.signals = (chance.choice(CANCELLING), chance.choice(CANCELLING))
        # The moment is a part of the time that the command takes undisturbed; the pause lies between two signals.
        self.moment = chance.random() * 0.9
        self.pause = chance.random() * 0.004

    def __str__(self):
        return "round %d: %s of %d bytes at %d, signals %s at %.3f" % (
            self.number, "discard" if self.discard else "write", self.length, self.offset,
            "+".join(s.name for s in self.signals), self.moment)


class Volume:
    def __init__(self, names):
        self.operands = [names[0]] + (["--metadata=" + names[1]] if len(names) > 1 else [])
        self.sector = int(re.search(rb'"sector_size":(\d+)', self.info())[1])
        self.content = bytearray(self.read())
        self.active = False  # the last round left the volume active
        self.seconds = {False: 0.03, True: 0.03}  # time of a write, and of a discard
        self.counts = {"finished": 0, "cancelled": 0, "stopped": 0, "early": 0, "left active": 0, "partly done": 0}

    def info(self):
        status, out, err = run("info", "--json", *self.operands)
        expect(status == 0, "info: status %d: %s" % (status, err))
        return out

    def state(self):
        return re.search(rb'"state":"(\w+)"', self.info())[1].decode()

    def read(self):
        status, out, err = run("read", *self.operands)
        expect(status == 0, "read: status %d: %s" % (status, err))
        return out

    def check(self):
        """Returns the kinds of findings. Errors are not allowed."""
        status, out, err = run("check", "--json", *self.operands)
        expect(status == 0, "check: status %d: %s%s" % (status, out.decode(errors="replace"), err))
        found = re.search(rb'"findings":\{([^}]*)\}', out)[1]
        return {kind.decode() for kind, count in re.findall(rb'"([\w-]+)":(\d+)', found) if int(count)}

    def start(self, command):
        place = ["--offset=%d" % command.offset, "--length=%d" % command.length]
        if command.discard:
            return subprocess.Popen([PROGRAM, "discard", *place, *self.operands], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with open("input", "wb") as file:
            file.write(pattern(command.number, command.offset, command.length))
        return subprocess.Popen([PROGRAM, "write", "--quiet", *place, *self.operands, "input"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_and_stop(self, command):
        """Runs the command and sends the signals; returns its exit status and standard error."""
        begun = time.monotonic()
        process = self.start(command)
        scale = command.length / (4 << 20) if command.length > (4 << 20) else 1
        try:
            process.wait(command.moment * self.seconds[command.discard] * scale)
        except subprocess.TimeoutExpired:
            process.send_signal(command.signals[0])
            for number in command.signals[1:]:
                time.sleep(command.pause)
                process.send_signal(number)
        try:
            err = process.communicate(timeout=PATIENCE_SECONDS)[1].decode(errors="replace")
        except subprocess.TimeoutExpired:
            process.kill()
            raise OutOfTime("still at work %d seconds after the signals" % PATIENCE_SECONDS) from None
        if process.returncode == 0:
            took = (time.monotonic() - begun) / scale
            self.seconds[command.discard] += (took - self.seconds[command.discard]) / 4
        return process.returncode, err

    def compare(self, old, new, found, allowed_old):
        """Asserts that every sector is the old or the new one; with allowed_old False the new one."""
        expect(len(found) == len(old), "%d bytes of data space, not %d" % (len(found), len(old)))
        if found == new:
            return
        for at in range(0, len(found), self.sector):
            part = found[at:at + self.sector]
            if part != new[at:at + self.sector] and not (allowed_old and part == old[at:at + self.sector]):
                raise Violation("sector %d is %s: %r" % (
                    at // self.sector, "neither old nor new" if allowed_old else "not what was written", part[:48]))

    def outcome(self, command, status, err):
        """Returns a word for the end of the command, and how many bytes its message says are done (for a discard: may
        be)."""
        killed = signal.SIGKILL in command.signals
        if status == 0:
            return "finished", command.length
        # The signal came before the program had installed its handlers.
        if not killed and -status in command.signals:
            return "early", 0
        expect(status == (-signal.SIGKILL if killed else 32), "status %d: %s" % (status, err))
        if killed or len(command.signals) > 1:
            return "stopped", command.length
        expect("cancelled" in err or "interrupted" in err, "cancelled, and does not say so: %s" % err)
        said = re.search(r"the first (\d+) bytes", err)
        return "cancelled", command.length if command.discard else int(said[1]) if said else 0

    def judge(self, command, status, err):
        outcome, done = self.outcome(command, status, err)
        state, found = self.state(), self.check()
        # Where nothing was done, the state that an earlier round left may not have been recovered.
        active = outcome == "stopped" or (self.active and outcome != "finished" and (done == 0 or command.discard))
        expect(state == "clean" or active, "%s, and the volume is %s: %s" % (outcome, state, err))
        expect(found <= ({"interrupted"} if active else set()), "%s, and check finds %s" % (outcome, sorted(found)))
        data = bytes(command.length) if command.discard else pattern(command.number, command.offset, command.length)
        new = bytearray(self.content)
        new[command.offset:command.offset + done] = data[:done]
        content = self.read()
        either = outcome == "stopped" or (outcome == "cancelled" and command.discard)
        self.compare(self.content, new, content, either)
        self.counts[outcome] += 1
        self.counts["left active"] += state == "active"
        self.counts["partly done"] += content not in (self.content, new)
        self.content = bytearray(content)
        self.active = state == "active"

    def recover(self):
        """Lets the next writer recover; it writes a byte that is there already."""
        with open("input", "wb") as file:
            file.write(self.content[:1])
        status, _, err = run("write", "--quiet", *self.operands, "input")
        expect(status == 0, "recovering: status %d: %s" % (status, err))
        self.active = False
        expect(self.state() == "clean", "active behind a write")
        expect(not self.check(), "check finds something behind a write")
        expect(self.read() == self.content, "recovery changes the content")


def main():
    rounds, seed, largest = (int(argument) for argument in sys.argv[1:4])
    chance = random.Random(seed)
    volume = Volume(sys.argv[4:])
    largest = min(largest, len(volume.content))
    for number in range(1, rounds + 1):
        command = Command(chance, number, len(volume.content), largest)
        try:
            volume.judge(command, *volume.run_and_stop(command))
            if chance.random() < 0.2 or number == rounds:
                volume.recover()
        except Violation as violation:
            print("seed %d, %s: %s" % (seed, command, violation))
            return 1
        except OutOfTime as reason:
            print("out of time: seed %d, %s: %s" % (seed, command, reason))
            return 1
    print("seed %d, %d rounds: %s" % (seed, rounds, ", ".join("%d %s" % (n, w) for w, n in volume.counts.items())))
    return 0


sys.exit(main())
