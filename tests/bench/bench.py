#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures the speed of csumtool beside that of dd, in rounds: each round runs every command once, so that a change of
the machine's speed meets all of them.

  CSUMTOOL     the program to measure
  AGAINST      another build of it, measured in the same rounds
  BENCH_SIZE   MiB of data (default 1024)
  BENCH_ROUNDS rounds that count (default 7)
  BENCH_ONLY   only rows with this word in their name
  BENCH_LOUD   "yes": rounds count although others are at work; such figures show direction only
  BENCH_OTHERS "yes": also other programs that verify as many bytes, as far as they are installed
  BENCH_CSV    a file for the figures of every run

A ratio is dd's time by ours for equal bytes, median of the rounds: above 1 is faster than dd. "cpu" is processor seconds
for a GiB, "memory" the maximum resident set. A round in which other processes took more than 5 % of a processor is thrown
away; such rounds are counted, and at most twice as many are made as are to count.
"""
import os
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

MIB = 1 << 20
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
SIZE = int(os.environ.get("BENCH_SIZE", "1024")) * MIB
ONLY = os.environ.get("BENCH_ONLY", "")
LOUD = os.environ.get("BENCH_LOUD") == "yes"
NOISE = 0.05
TICK = os.sysconf("SC_CLK_TCK")


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Run:
    """What one run of a command took."""

    def __init__(self, command):
        with tempfile.NamedTemporaryFile(mode="r") as told:
            # time(1), since the maximum resident set of a process that Python starts is Python's own at least.
            command = ["time", "-q", "-o", told.name, "-f", "%M", *command]
            before = children_seconds()
            start = time.monotonic()
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            self.seconds = time.monotonic() - start
            self.memory = int(told.read()) / 1024
        if done.returncode:
            sys.exit("bench: %s: exit status %d: %s" % (shlex.join(command), done.returncode, done.stderr.decode()))
        self.cpu = children_seconds() - before


def others_seconds():
    """Processor time that each other process has had, by its number; not the kernel's threads, which work for a loop
    device.
    """
    times = {}
    own = os.readlink("/proc/self")
    for name in os.listdir("/proc"):
        if not name.isdigit() or name == own:
            continue
        try:
            with open("/proc/%s/stat" % name) as stat:
                words = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        if name != "2" and words[1] != "2":
            times[name] = (int(words[11]) + int(words[12])) / TICK
    return times


class Noise:
    """Whether others were at work meanwhile. A process that came and went in between is not seen."""

    def __init__(self):
        self.start = time.monotonic()
        self.before = others_seconds()

    def is_loud(self):
        used = sum(seconds - self.before.get(name, 0) for name, seconds in others_seconds().items())
        return used > NOISE * (time.monotonic() - self.start) + 1 / TICK


class Place:
    """Where volumes and raw bytes lie: files in memory, or loop devices over them."""

    def __init__(self, folder, loop):
        self.folder, self.loop, self.devices = folder, loop, []

    def make(self, name, size):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.truncate(size)
        if not self.loop:
            return path
        device = subprocess.run(["losetup", "-f", "--show", "--direct-io=on", path], check=True, text=True,
                                stdout=subprocess.PIPE).stdout.strip()
        self.devices.append(device)
        return device

    def close(self):
        for device in self.devices:
            subprocess.run(["losetup", "-d", device], check=True)
        for name in os.listdir(self.folder):
            os.unlink(os.path.join(self.folder, name))


class Row:
    """One operation: dd's command and ours, which takes the program, and how a run is prepared."""

    def __init__(self, name, dd, ours, before=None):
        self.name, self.dd, self.ours, self.before = name, dd, ours, before
        self.runs = {}

    def round(self, programs):
        """Runs all of it; returns what each took, by name, or None when others were at work."""
        runs = {"dd": None, **{name: None for name in programs}}
        noise = Noise()
        for name in runs:
            if name != "dd" and self.before:
                subprocess.run(self.before(programs[name]), check=True, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
            runs[name] = Run(self.dd if name == "dd" else self.ours(programs[name]))
        return None if noise.is_loud() and not LOUD else runs

    def measure(self, programs):
        """Rounds until enough of them count; returns how many were thrown away."""
        thrown = 0
        self.round(programs)
        self.runs = {"dd": [], **{name: [] for name in programs}}
        while len(self.runs["dd"]) < ROUNDS and thrown < ROUNDS:
            runs = self.round(programs)
            if runs is None:
                thrown += 1
                continue
            for name, run in runs.items():
                self.runs[name].append(run)
        return thrown


class Table:
    def __init__(self, path):
        self.csv = open(path, "w") if path else None
        if self.csv:
            print("place,sector_size,row,program,round,bytes,seconds,cpu_seconds,memory_mib", file=self.csv)

    def head(self, text):
        print(text)
        print("%-26s %-8s %7s %15s %8s %10s" % ("", "program", "ratio", "min ... max", "cpu", "memory"))

    def show(self, place, sector_size, row, size, thrown):
        dd = row.runs["dd"]
        if not dd:
            print("%-26s no round was quiet enough: %d were thrown away" % (row.name, thrown))
            return
        for name, runs in row.runs.items():
            ratios = [a.seconds / b.seconds for a, b in zip(dd, runs)]
            print("%-26s %-8s %7.2f %7.2f %7.2f %8.3f %6.1f MiB%s" % (
                row.name, name, statistics.median(ratios), min(ratios), max(ratios),
                statistics.median([run.cpu for run in runs]) * (MIB << 10) / size, statistics.median([run.memory for run in runs]),
                "  (%d rounds thrown away)" % thrown if thrown and name == "dd" else ""))
            for number, run in enumerate(runs):
                if self.csv:
                    print(place, sector_size, row.name, name, number, size, "%.6f" % run.seconds, "%.4f" % run.cpu,
                          "%.2f" % run.memory, sep=",", file=self.csv)
        sys.stdout.flush()


def rows_of(volume, raw, source, size, sector_size):
    read = ["dd", "if=" + raw, "of=/dev/null", "bs=4M", "count=%dB" % size, "iflag=direct"]
    write = ["dd", "if=" + source, "of=" + raw, "bs=4M", "count=%dB" % size, "oflag=direct", "conv=notrunc,fdatasync"]
    metadata = 2 * size // (sector_size // 8 - 2)

    def form(program):
        return [program, "format", "-q", "-f", "-s", str(sector_size), volume]

    def put(program):
        return [program, "write", "-q", volume, source]

    return [
        Row("write, fresh volume", write, put, form),
        Row("overwrite", write, put),
        Row("check", read, lambda program: [program, "check", "-q", volume]),
        Row("scrub", read, lambda program: [program, "scrub", "-q", "--restart", "--no-undo", volume]),
        Row("read to /dev/null", read, lambda program: [program, "read", volume, "/dev/null"]),
        Row("format, metadata as bytes",
            ["dd", "if=/dev/zero", "of=" + raw, "bs=1M", "count=%dB" % metadata, "oflag=direct",
             "conv=notrunc,fdatasync"], form),
    ]


def measure_place(table, name, folder, loop, programs):
    for sector_size in (4096, 512):
        place = Place(folder, loop)
        try:
            volume, raw = place.make("volume", SIZE + SIZE // 16), place.make("raw", SIZE)
            source = os.path.join(folder, "source")
            subprocess.run(["dd", "if=/dev/urandom", "of=" + source, "bs=4M", "count=%dB" % SIZE, "status=none"],
                           check=True)
            # All pages of the files are made before anything is measured.
            for target, size in ((volume, SIZE + SIZE // 16), (raw, SIZE)):
                subprocess.run(["dd", "if=/dev/zero", "of=" + target, "bs=4M", "count=%dB" % size, "conv=notrunc",
                                "status=none"], check=True)
            for command in ("format", "-q", "-f", "-s", str(sector_size), volume), ("write", "-q", volume, source):
                subprocess.run([programs["now"], *command], check=True, stderr=subprocess.DEVNULL)
            table.head("%s, S = %d, %d MiB, %d rounds" % (name, sector_size, SIZE // MIB, ROUNDS))
            for row in rows_of(volume, raw, source, SIZE, sector_size):
                if ONLY in row.name:
                    table.show(name, sector_size, row, SIZE, row.measure(programs))
            if os.environ.get("BENCH_OTHERS") == "yes" and sector_size == 4096:
                measure_others(table, name, source, raw)
        finally:
            place.close()


def measure_others(table, name, source, raw):
    """Programs that read as many bytes and verify them in their own way."""
    commands = {"xxhsum": ["xxhsum", "-H3", source], "b3sum": ["b3sum", source]}
    for program, command in commands.items():
        if not shutil.which(program):
            print("%-26s is not installed" % program)
            continue
        row = Row(" ".join(command[:-1]), ["dd", "if=" + raw, "of=/dev/null", "bs=4M", "count=%dB" % SIZE,
                                           "iflag=direct"], lambda other: other)
        table.show(name, 0, row, SIZE, row.measure({program: command}))


def main():
    programs = {"now": os.environ["CSUMTOOL"]}
    if os.environ.get("AGAINST"):
        programs["against"] = os.environ["AGAINST"]
    table = Table(os.environ.get("BENCH_CSV"))
    with tempfile.TemporaryDirectory(prefix="csumtool-bench.", dir="/dev/shm") as folder:
        if os.geteuid() == 0 and os.path.exists("/dev/loop-control"):
            measure_place(table, "loop device", folder, True, programs)
        else:
            print("no loop devices: they need root")
        measure_place(table, "image file", folder, False, programs)


main()
