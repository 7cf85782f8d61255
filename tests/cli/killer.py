# SPDX-License-Identifier: GPL-2.0-or-later
"""Kills and cancels csumtool at random moments of its writes, and looks at what is left each time.

    killer.py ROUNDS SEED LARGEST VOLUME [METADATA]

VOLUME is formatted. Every round writes or discards a part of it, of LARGEST bytes at the most, and sends SIGKILL or one
or two of the signals that cancel. Then: the exit status is what the manual says; the volume is clean after a cancelled
command; check ends with 0, and with nothing but "interrupted"; every sector holds its old content or its new one, and
after a cancelled write exactly the bytes that the message names are new. The next round's write recovers.

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


class Violation(Exception):
    pass


def run(*arguments):
    done = subprocess.run((PROGRAM,) + arguments, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def expect(condition, text):
    if not condition:
        raise Violation(text)


def pattern(generation, offset, length):
    """Bytes of which each sixteen name their place and the write they are from."""
    first = offset // 16
    count = (offset + length + 15) // 16 - first
    text = b"".join(b"%07x g%06d\n" % (i & 0xfffffff, generation) for i in range(first, first + count))
    return text[offset - first * 16:offset - first * 16 + length]


class Command:
    """A write or discard, and how it is to end."""

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
        # Of how long it takes when it is left alone; and between two signals.
        self.moment = chance.random() * 1.2
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
        self.seconds = {False: 0.03, True: 0.03}  # that a write, and a discard, takes
        self.counts = {"finished": 0, "cancelled": 0, "killed": 0, "left active": 0, "partly done": 0}

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
        """Kinds of findings. Errors are not allowed."""
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
        """The exit status and standard error of the command that the signals met."""
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
        err = process.communicate(timeout=120)[1].decode(errors="replace")
        if process.returncode == 0:
            took = (time.monotonic() - begun) / scale
            self.seconds[command.discard] += (took - self.seconds[command.discard]) / 4
        return process.returncode, err

    def compare(self, old, new, found, allowed_old):
        """Every sector is the old one or the new one; with allowed_old False the new one."""
        expect(len(found) == len(old), "%d bytes of data space, not %d" % (len(found), len(old)))
        if found == new:
            return
        for at in range(0, len(found), self.sector):
            part = found[at:at + self.sector]
            if part != new[at:at + self.sector] and not (allowed_old and part == old[at:at + self.sector]):
                raise Violation("sector %d is %s: %r" % (
                    at // self.sector, "neither old nor new" if allowed_old else "not what was written", part[:48]))

    def judge(self, command, status, err):
        killed = signal.SIGKILL in command.signals
        allowed = (0, -signal.SIGKILL) if killed else (0, 32)
        expect(status in allowed, "status %d: %s" % (status, err))
        state = self.state()
        found = self.check()
        new = bytearray(self.content)
        done = command.length
        if status == 32 and len(command.signals) == 1:
            expect("cancelled" in err, "cancelled, and does not say so: %s" % err)
            said = re.search(r"the first (\d+) bytes", err)
            if not command.discard:
                done = int(said[1]) if said else 0
        data = bytes(command.length) if command.discard else pattern(command.number, command.offset, command.length)
        new[command.offset:command.offset + done] = data[:done]
        content = self.read()
        graceful = status == 0 or (status == 32 and len(command.signals) == 1)
        expect(state == "clean" or not graceful, "the volume is %s, with status %d" % (state, status))
        expect(found <= {"interrupted"} and not (graceful and found), "check finds %s" % sorted(found))
        self.compare(self.content, new, content, not graceful or (command.discard and status != 0))
        self.count(status, state, content != self.content and content != new)
        self.content = bytearray(content)

    def count(self, status, state, partly):
        self.counts["finished" if status == 0 else "cancelled" if status == 32 else "killed"] += 1
        self.counts["left active"] += state == "active"
        self.counts["partly done"] += partly

    def recover(self):
        """The next writer recovers, whatever it writes."""
        status, _, err = run("write", "--quiet", "--length=0", *self.operands, "/dev/null")
        expect(status == 0, "recovering: status %d: %s" % (status, err))
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
    print("seed %d, %d rounds: %s" % (seed, rounds, ", ".join("%d %s" % (n, w) for w, n in volume.counts.items())))
    return 0


sys.exit(main())
