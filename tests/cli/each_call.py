# SPDX-License-Identifier: GPL-2.0-or-later
"""One call of the real program fails, is cut short, or is its last: every pread, pwrite, fdatasync and fsync in turn.

    each_call.py DIRECTORY WORD...          tries the scenarios of each_call_volumes.py whose name begins with a WORD
    each_call.py DIRECTORY WORD... --list   prints the faults that would be tried

A run without faults lists the calls of a scenario. Then the command is run on a fresh copy for each call and each fault
of it, and reference.py reads the volume that it leaves. Each sector must hold its old content or its new one, and no
other sector may become bad; the manual must have the exit status for that fault; after a success everything must be new
and the volume sound. Then check and scrub must find what they should, end well, and lose nothing.

CSUM_CALL_STRIDE=N takes from the list every N-th fault of reads. Writes and flushes are fewer and matter more: of their
faults it takes every (N / 2)-th that is an error, and every (N / 15)-th that is EIO, EINTR, a short transfer or a kill.
Each scenario begins one further on. 1, the default, takes all faults; a prime number meets each kind.
CSUM_CALL_ONLY=TEXT takes all faults with TEXT in their line, as a failure prints it.
"""
import collections
import errno
import hashlib
import os
import re
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import reference  # noqa: E402
from each_call_volumes import Machine, Violation, expect, scenarios  # noqa: E402

# Errors that Linux has for devices, network disks and file systems below an image.
ERRORS = {
    "pread": "EIO ENODATA EREMOTEIO EILSEQ ETIMEDOUT EBADE ENOLINK EBADMSG EUCLEAN ENOMEM EAGAIN EACCES "
             "ENODEV ENXIO ENOTCONN ESTALE EINTR",
    "pwrite": "EIO ENOSPC EDQUOT EFBIG EROFS EREMOTEIO EILSEQ ETIMEDOUT EBADE ENOLINK EUCLEAN ENODATA ENOMEM EAGAIN "
              "EBUSY EPERM ENODEV ENXIO ENOTCONN ESTALE EINTR",
    "fdatasync": "EIO ENOSPC EDQUOT EROFS EREMOTEIO EILSEQ ETIMEDOUT EBADE ENOLINK EUCLEAN ENODATA ENOMEM EAGAIN "
                 "ENODEV ENXIO ENOTCONN ESTALE EINTR",
    "fsync": "EIO ENOSPC EDQUOT EROFS ETIMEDOUT ENODEV ENXIO ENOTCONN ESTALE EINTR",
}
# After these errors nothing is tried again.
VANISHED = ("ENODEV", "ENXIO", "ENOTCONN", "ESTALE")


class Call:
    """A call of the program, parsed from its name in the log."""

    def __init__(self, line):
        self.line = line
        self.function, self.file, offset, size, _ = line.split()
        self.offset, self.size = int(offset), int(size)


class Fault:
    """The fate of a call, once `size` bytes of it are transferred."""

    def __init__(self, call, kind, error="", size=0):
        self.call, self.kind, self.error, self.size = call, kind, error, size

    def order(self):
        return "%s %s %d %d" % (self.call.line, self.kind, getattr(errno, self.error) if self.error else 0, self.size)

    def __str__(self):
        return "%s: %s%s" % (self.call.line, self.kind + " " * bool(self.error) + self.error,
                             " after %d bytes" % self.size if self.size else "")

    def carries_on(self):
        """Whether the program must try again, or go on with the rest, as if there had been no fault."""
        if self.kind == "short":
            return self.size > 0
        return self.error == "EINTR" or (self.call.function == "pread" and self.kind == "fail" and
                                         self.error not in VANISHED)


def torn_size(scenario, call):
    """How many bytes of a write are done before a kill. Data sectors are not torn, metadata may be torn anywhere."""
    volume = scenario.before
    if call.file == "kept":
        return call.size // 2 - 3
    if call.file == "data" or (call.file == "volume" and call.size % volume.sector == 0 and any(
            call.offset <= volume.data_at(number) < call.offset + call.size for number in range(volume.sectors))):
        return call.size // volume.sector // 2 * volume.sector
    # The fields of a superblock that change lie in its first bytes.
    return 280 if call.size == 4096 else call.size // 2 - 100


def faults_of(scenario, call):
    found = [Fault(call, "fail", error) for error in ERRORS[call.function].split()]
    if call.function in ("pread", "pwrite"):
        found += [Fault(call, "short", size=call.size // 2 + 7), Fault(call, "short")]
    found.append(Fault(call, "kill"))
    if call.function == "pwrite":
        torn = torn_size(scenario, call)
        found.append(Fault(call, "kill", size=call.size))
        if torn:
            found += [Fault(call, "fail", "EIO", torn), Fault(call, "kill", size=torn)]
    return found


def all_faults(machine, scenario):
    """Returns all faults, in the order of the names of calls, as threads may make calls in any order."""
    scenario.load(machine)
    status, err = machine.run(*scenario.arguments, log=True)
    expect(status == scenario.status, "without a fault: status %d: %s" % (status, err))
    calls = sorted(map(Call, machine.log()), key=lambda call: (call.function, call.file, call.offset, call.line))
    judge_end(scenario, scenario.volume(scenario.left()), scenario.new)
    return [fault for call in calls for fault in faults_of(scenario, call)]


def chosen(faults, number):
    """Chooses faults by the stride; the number of the scenario shifts the start."""
    stride, only = int(os.environ.get("CSUM_CALL_STRIDE", "1")), os.environ.get("CSUM_CALL_ONLY")
    if only:
        return [fault for fault in faults if only in str(fault)]
    kinds = {1: [], 2: [], 15: []}
    for fault in faults:
        kinds[1 if fault.call.function == "pread" else 15 if fault.error in ("", "EIO", "EINTR") else 2].append(fault)
    found = []
    for times, some in kinds.items():
        step = max(1, stride // times)
        found += some[number % step::step]
    return found


# ---- judging


def compare(found, *allowed):
    for number, content in enumerate(found):
        expect(any(content == contents[number] for contents in allowed),
               "data sector %d %s" % (number, "is bad" if content is None else "holds %r" % content[:40]))


def judge_end(scenario, volume, contents):
    compare(volume.read(), contents)
    volume.verify()


def expect_status(scenario, fault, status, err):
    """Asserts that the manual allows the status after this fault."""
    allowed = range(16)
    if fault.kind == "kill":
        allowed = (-signal.SIGKILL,)
    elif fault.carries_on():
        allowed = (scenario.status,)
    elif fault.call.function != "pread" and not scenario.repairs:
        # A write that did not happen must not pass as done.
        allowed = (8,)
    elif fault.call.function in ("fdatasync", "fsync") or (fault.call.function, fault.call.file) == ("pwrite", "kept"):
        # When one place refuses a write, a scrub tries it again.
        allowed = (8, 9, 12, 13)
    elif not scenario.repairs:
        allowed = (0, 4, 8)
    expect(status in allowed, "status %d: %s" % (status, err))
    if status >= 8:
        expect(re.match(r"csumtool: .", err) is not None, "status %d without a message: %r" % (status, err))


def follow(machine, scenario, contents):
    """Runs check and scrub on the volume that the fault has left."""
    bad = None in contents
    status, err = machine.run("check", "-q", *scenario.again()[-2:] if "data" in scenario.files else ["volume"])
    allowed = (4,) if bad else (0, 4) if scenario.repairs else (0,)
    expect(status in allowed, "check behind it: status %d: %s" % (status, err))
    status, err = machine.run(*scenario.again())
    expect(status in ((0, 1) if scenario.repairs else (0,)), "scrub behind it: status %d: %s" % (status, err))
    judge_end(scenario, scenario.volume(scenario.left()),
              [new if content is None else content for content, new in zip(contents, scenario.new)])


class Trial:
    """The faults of one scenario."""

    def __init__(self, machine, scenario):
        self.machine, self.scenario = machine, scenario
        self.known = {}  # states that faults left: contents of each sector
        self.followed, self.sound = set(), set()
        self.counts = collections.Counter()

    def digest(self, volume):
        """Hashes a state. Of the time of the data file, which always differs, only whether it is the recorded one
        counts."""
        digest = hashlib.sha1(volume.data)
        meta = bytearray(volume.meta) if volume.external else b""
        time = os.stat("data").st_mtime_ns if volume.external else 0
        for at, slot in zip(volume.slot_places(), volume.slots):
            if volume.external and reference.is_superblock(slot):
                meta[at + 8:at + 12] = bytes(4)
                meta[at + 432:at + 440] = bytes([reference.u64(slot, 432) == time] * 8)
        digest.update(meta)
        return digest.digest()

    def attempt(self, fault):
        self.scenario.load(self.machine)
        status, err = self.machine.run(*self.scenario.arguments, fault=fault.order())
        expect("struck" in self.machine.log(), "the call never came: status %d: %s" % (status, err))
        expect_status(self.scenario, fault, status, err)
        self.counts["killed" if status < 0 else "status %d" % status] += 1
        self.judge(status, self.scenario.volume(self.scenario.left()))

    def judge(self, status, volume):
        """Judges the volume; a state that was judged before is not looked at again."""
        state = self.digest(volume)
        if state not in self.known:
            contents = volume.read()
            compare(contents, self.scenario.old, self.scenario.new)
            self.known[state] = contents
        if status in (0, 1) and state not in self.sound:
            judge_end(self.scenario, volume, self.scenario.new)
            self.sound.add(state)
        if state not in self.followed:
            follow(self.machine, self.scenario, self.known[state])
            self.followed.add(state)

    def run(self, faults):
        violations = 0
        for fault in faults:
            try:
                self.attempt(fault)
            except (Violation, reference.Wrong) as violation:
                violations += 1
                print("%s: %s: %s" % (self.scenario.name, fault, violation))
        print("%s: %d faults, %d states left: %s" % (self.scenario.name, len(faults), len(self.followed), ", ".join(
            "%d %s" % (number, what) for what, number in sorted(self.counts.items()))))
        return violations


def try_scenario(machine, number, scenario, only_list):
    """Returns how many faults were chosen, and how many of them showed a violation."""
    faults = chosen(all_faults(machine, scenario), number)
    if not only_list:
        return len(faults), Trial(machine, scenario).run(faults)
    print("\n".join("%s: %s" % (scenario.name, fault) for fault in faults))
    return len(faults), 0


def main():
    words = [word for word in sys.argv[2:] if word != "--list"]
    machine = Machine(sys.argv[1])
    tried = violations = 0
    for number, scenario in enumerate(scenarios(machine, words)):
        found = try_scenario(machine, number, scenario, "--list" in sys.argv)
        tried, violations = tried + found[0], violations + found[1]
    expect(tried, "nothing was tried")
    return 1 if violations else 0


try:
    sys.exit(main())
except (Violation, reference.Wrong) as wrong:
    sys.exit("before any fault: %s" % wrong)
