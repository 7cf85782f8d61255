# SPDX-License-Identifier: GPL-2.0-or-later
"""Things that the campaigns need from the machine: a directory, programs, loop devices, mounts. All of them are
removed."""
import atexit
import contextlib
import os
import signal
import subprocess
import sys
import time

CHUNK = 1 << 20
# Limit for things that take a moment unless something is wrong.
PATIENCE_SECONDS = 300
PATHS = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class Missing(Exception):
    """The machine lacks something that a step needs: the step is skipped, and counted."""


class Broken(Exception):
    """A step did not do what it was meant to do."""


def find(program):
    """Returns the path of a program, or raises Missing."""
    for directory in PATHS.split(":"):
        path = os.path.join(directory, program)
        if directory and os.access(path, os.X_OK):
            return path
    raise Missing("no " + program)


def attempt(*command, give=None):
    """Runs a command; returns its exit status and all its output."""
    done = subprocess.run([find(command[0])] + [str(word) for word in command[1:]], check=False,
                          input=give.encode() if give is not None else b"", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode(errors="replace")


def run(*command, give=None, statuses=(0,)):
    """Runs a command, and fails unless it ends with one of the statuses; returns its output."""
    status, said = attempt(*command, give=give)
    if status not in statuses:
        raise Broken("%s: status %d: %s" % (" ".join(map(str, command)), status, said.strip()[-300:]))
    return said


# ---- the directory, and the end

_directory = None
_mounted = []


def directory():
    return _directory


def place(name):
    return os.path.join(_directory, name)


def _end():
    while _mounted:
        subprocess.run(["umount", "-l", _mounted.pop()], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["rm", "-rf", "--one-file-system", _directory], check=False)


def begin(name):
    """Makes the directory. It and the mounts are removed however the program ends."""
    global _directory
    parent = os.environ.get("TMPDIR", "/tmp")
    _directory = os.path.join(parent, "csumtool-%s.%d" % (name, os.getpid()))
    os.mkdir(_directory, 0o700)
    atexit.register(_end)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda taken, frame: sys.exit(128 + taken))


# ---- loop devices and mounts


def _loops_allowed():
    if os.geteuid() != 0:
        raise Missing("loop devices need root")
    if not os.path.exists("/dev/loop-control"):
        raise Missing("no /dev/loop-control")


def _wait_until(condition, text):
    """Waits for a condition. When time runs out, the printed line tells tests/run that there is no verdict."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            print("out of time: " + text, flush=True)
            raise Broken(text)
        time.sleep(0.005)


def _wait_until_gone(device):
    attached = "/sys/block/%s/loop/backing_file" % os.path.basename(device)
    _wait_until(lambda: not os.path.exists(attached), "%s stays attached" % device)


@contextlib.contextmanager
def loop(path, offset=0, size=0):
    """Yields the path of a loop device over a file. It is detached before this ends, or when the process dies."""
    _loops_allowed()
    status, said = attempt("losetup", "--show", "-f", "-o", offset, "--sizelimit", size, path)
    if status:
        raise Missing("losetup: " + said.strip())
    device = said.strip()
    holder = os.open(device, os.O_RDONLY)
    # The kernel detaches the device when it is closed last, so also when this process is killed.
    attempt("losetup", "-d", device)
    try:
        yield device
        os.fsync(holder)
    finally:
        os.close(holder)
        _wait_until_gone(device)


def _has_open(process, path):
    try:
        return any(os.path.samefile("/proc/%s/fd/%s" % (process, number), path)
                   for number in os.listdir("/proc/%s/fd" % process))
    except OSError:
        return False


def _wait_until_closed(path):
    """Waits, as the server of a FUSE file system may still be writing after the unmount."""
    def closed():
        others = [process for process in os.listdir("/proc") if process.isdigit() and process != str(os.getpid())]
        return not any(_has_open(process, path) for process in others)

    _wait_until(closed, "%s stays open" % path)


@contextlib.contextmanager
def mounted(*options, program=("mount",)):
    """Yields the directory where a device or a file, the last option, is mounted. Missing where that is not allowed."""
    target = place("mnt")
    os.makedirs(target, exist_ok=True)
    status, said = attempt(*program, *options, target)
    if status:
        raise Missing("%s: %s" % (" ".join(program), said.strip().split("\n")[0]))
    _mounted.append(target)
    try:
        yield target
    finally:
        unmount(target)
        if program[0] != "mount":
            _wait_until_closed(options[-1])


def unmount(target):
    def unmounted():
        status, said = attempt("umount", target)
        if status and "busy" not in said:
            raise Broken(said.strip())
        return not status

    _wait_until(unmounted, "%s stays busy" % target)
    _mounted.remove(target)


# ---- files


def copy(source, target):
    run("cp", "--sparse=always", source, target)


def chunks(first, second):
    """Yields the places where two files of one size differ: offset, bytes of the first, bytes of the second."""
    with open(first, "rb") as one, open(second, "rb") as other:
        offset = 0
        while True:
            mine, theirs = one.read(CHUNK), other.read(CHUNK)
            if len(mine) != len(theirs):
                raise Broken("%s and %s are not of one size" % (first, second))
            if not mine:
                return
            if mine != theirs:
                yield offset, mine, theirs
            offset += len(mine)


def differing(first, second, sector):
    """Returns the numbers of the sectors in which two files differ."""
    return [(offset + at) // sector for offset, mine, theirs in chunks(first, second)
            for at in range(0, len(mine), sector) if mine[at:at + sector] != theirs[at:at + sector]]


def make_same(target, model):
    """Makes target equal to model, and writes no more than that takes."""
    for _ in restored(target, model, CHUNK):
        pass


def restored(target, model, sector):
    """Makes target equal to model; yields the numbers of the sectors in which they differed."""
    with open(target, "r+b") as file:
        for offset, present, wanted in chunks(target, model):
            file.seek(offset)
            file.write(wanted)
            for at in range(0, len(wanted), sector):
                if present[at:at + sector] != wanted[at:at + sector]:
                    yield (offset + at) // sector


def put(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def get(path, offset, size):
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(size)


def set_time(path, nanoseconds):
    os.utime(path, ns=(nanoseconds, nanoseconds))


def get_time(path):
    return os.stat(path).st_mtime_ns
