#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The campaign "written by others": whether a scrub overwrites data that others put on the data device.

External volumes with file systems, tables or raw data, on a block device and in a file, are changed by real writers:
file systems of the kernel, their tools, other file systems put over them. Then they are scrubbed, without a replica and
with one of the old content. A sector that differs after the scrub from the state that the writer left was overwritten.

  CSUM_CAMPAIGN=long      all changes, at both sizes of a sector (default: some, each at one size)
  CSUM_CAMPAIGN_SEED=N    start of the random numbers (default: 1)
  CSUM_CAMPAIGN_ONLY=WORD only changes with WORD in their name

Prints TAP, with a table as comments. Steps for which the machine has no means are skipped, and counted.
"""
import os
import random
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import campaign_attacks  # noqa: E402,F401 (it adds its changes)
import campaign_changes as changes  # noqa: E402
import campaign_contents as contents  # noqa: E402
import campaign_machine as machine  # noqa: E402
from campaign_volume import Volume, must, program, scrub_options  # noqa: E402
from campaign_report import Report  # noqa: E402

SECTORS = (512, 4096)
# Each way: whether the data is on a block device, and whether there is a replica of the old content.
WAYS = {"device": (True, False), "device, replica": (True, True), "file": (False, False),
        "file, replica": (False, True)}
# With a replica a scrub may overwrite more than without.
BRIEF_WAYS = tuple(way for way in WAYS if way != "file")


class Tally:
    """Counts of one row."""

    def __init__(self):
        self.count = 0
        self.sectors = dict.fromkeys(SECTORS, 0)
        self.overwritten = {way: dict.fromkeys(SECTORS, 0) for way in WAYS}
        self.tried = set()
        self.blamed = []


class Campaign:
    def __init__(self, report, long, seed):
        self.report, self.long, self.seed = report, long, seed
        self.rows = [Tally() for _ in changes.ROWS]
        self.silent, self.unmoved, self.broken, self.judged = [], [], [], 0

    def random(self, name):
        return random.Random("%d %s" % (self.seed, name))

    # ---- a content, and all its changes

    def content(self, name, wanted):
        base = machine.place("base")
        try:
            contents.CONTENTS[name](base, self.random(name))
        except machine.Missing as why:
            self.report.skip(len(wanted), str(why))
            return
        except machine.Broken as why:
            self.broken.append("%s: %s" % (name, why))
            return
        volumes = {}
        for index, change in enumerate(wanted):
            sizes = SECTORS if self.long else (SECTORS[(self.seed + index) % 2],)
            try:
                self.change(change, base, volumes, sizes)
            except machine.Missing as why:
                self.report.skip(1, str(why))
            except machine.Broken as why:
                self.broken.append("%s: %s" % (change.name, why))
        machine.run("rm", "-f", base, *[volume.meta for volume in volumes.values() if volume])

    def change(self, change, base, volumes, sizes):
        image = machine.place("image")
        machine.copy(base, image)
        before = 1700000000123456789
        machine.set_time(image, before)
        change.make(image, self.random(change.name))
        if os.stat(image).st_size != os.stat(base).st_size:
            raise machine.Broken("the image has another size now")
        if not any(True for _ in machine.chunks(base, image)):
            self.report.note("%s: nothing was changed" % change.name)
            return
        if machine.get_time(image) == before:
            self.unmoved.append(change.name)
        self.rows[change.row].count += 1
        machine.run("rm", "-f", machine.place("work"))
        machine.copy(image, machine.place("work"))
        for sector in sizes:
            self.rows[change.row].sectors[sector] += len(machine.differing(base, image, sector))
            for way in WAYS if self.long else BRIEF_WAYS:
                self.way(change, way, sector, base, image, volumes)

    # ---- one scrub

    def volume(self, volumes, base, sector, on_device):
        key = sector, on_device
        if key not in volumes:
            try:
                volumes[key] = Volume(base, sector, on_device)
            except machine.Missing as why:
                self.report.skip_reason(str(why))
                volumes[key] = None
        return volumes[key]

    def way(self, change, way, sector, base, image, volumes):
        on_device, replica = WAYS[way]
        volume = self.volume(volumes, base, sector, on_device)
        if not volume:
            self.report.skip(1, "no block device: " + way)
            return
        work = machine.place("work")
        status, said = volume.scrub(work, *(["--from=" + base] if replica else []), time=machine.get_time(image))
        lost = sum(1 for _ in machine.restored(work, image, sector))
        row = self.rows[change.row]
        row.tried.add(way)
        row.overwritten[way][sector] += lost
        self.judged += 1
        if lost:
            row.blamed.append((change, way, sector, lost))
        if not status & 12 and not change.limit:
            self.silent.append("%s, %s, S = %d: status %d: %s" % (change.name, way, sector, status, said[:200]))

    # ---- a change within one clock tick after our last write

    def ticks(self):
        """Tries a change that leaves the time of the file as it is, where the clock of the file system is that
        coarse."""
        name = "the next command of a script"
        if not _wanted(name):
            return
        rounds, image = 40 if self.long else 8, machine.place("ticks")
        contents.blank(image, 24 * contents.MIB)
        try:
            contents.mkfs_ext(image, "-t", "ext2", "-b", "4096", "-I", "128")
            with machine.loop(image) as device, machine.mounted(device) as root:
                for number in range(rounds):
                    self.tick(name, root, SECTORS[number % 2], number)
        except machine.Missing as why:
            self.report.skip(1, str(why))
        except machine.Broken as why:
            self.broken.append("%s: %s" % (name, why))
        os.unlink(image)

    def tick(self, name, root, sector, number):
        rng = self.random("%s %d" % (name, number))
        data, meta, source = (os.path.join(root, part) for part in ("data", "meta", "source"))
        contents.write_file(source, rng.randbytes(contents.MIB))
        contents.blank(data, contents.MIB)
        must("format", "-q", "-s", sector, "-m", meta, "--size=2M", data)
        must("write", "-q", "-m", meta, data, source)
        change = bytearray(machine.get(source, 40960, 16384))
        for at in range(0, 16384, 4096):
            change[at + rng.randrange(4096)] ^= 4
        # The write comes at once, in this process: starting another one would take until the next tick.
        machine.put(data, 40960, bytes(change))
        theirs = machine.get(data, 0, contents.MIB)
        row = self.rows[changes.ATTACK]
        row.count += 1
        for way, options in (("file", []), ("file, replica", ["--from=" + source])):
            # The scrub changes the metadata, so its present bytes are kept for the next way.
            meta_now = machine.get(meta, 0, os.stat(meta).st_size)
            moment = machine.get_time(data)
            status, said = program("scrub", "-q", *scrub_options(), *options, "-m", meta, data)
            mine = machine.get(data, 0, contents.MIB)
            lost = sum(mine[at:at + sector] != theirs[at:at + sector] for at in range(0, contents.MIB, sector))
            row.tried.add(way)
            row.overwritten[way][sector] += lost
            self.judged += 1
            if lost:
                row.blamed.append((changes.Change(changes.ATTACK, "ext2", name, None), way, sector, lost))
            if not status & 12:
                self.silent.append("%s, %s: status %d: %s" % (name, way, status, said[:200]))
            machine.put(meta, 0, meta_now)
            machine.put(data, 0, theirs)
            machine.set_time(data, moment)
        row.sectors[sector] += 4
        for path in (data, meta, source):
            os.unlink(path)

    # ---- results

    def table(self):
        note = self.report.note
        note("%-48s %7s %15s %s" % ("written by others", "changes", "sectors",
                                    " ".join("%17s" % way for way in WAYS)))
        for name, row in zip(changes.ROWS, self.rows):
            pair = "%d / %d" % tuple(row.sectors[sector] for sector in SECTORS)
            cells = ["%d / %d" % tuple(row.overwritten[way][sector] for sector in SECTORS) if way in row.tried else "-"
                     for way in WAYS]
            note("%-48s %7d %15s %s" % (name, row.count, pair, " ".join("%17s" % cell for cell in cells)))
        note("sectors at S = 512 / 4096; the last four columns: overwritten, on a block device or in a file")

    def verdicts(self):
        for name, row in zip(changes.ROWS, self.rows):
            if not row.tried:
                self.report.skipped_test("A2: " + name, "nothing of it could be done here")
                continue
            lines = {False: [], True: []}
            for change, way, sector, lost in row.blamed:
                lines[_forgiven(change, way)].append("%s, %s, S = %d: %d sectors overwritten" % (change.name, way,
                                                                                                sector, lost))
            for line in lines[True]:
                self.report.note("known limit: " + line)
            but = " but what is a known limit" if lines[True] else ""
            self.report.test("A2: %s: nothing overwritten%s" % (name, but), not lines[False], lines[False][:60])
        self.report.test("A2: every scrub says that something is wrong", not self.silent, self.silent[:20])
        self.report.test("A2: every step did what it is there for", not self.broken, self.broken)
        self.report.test("A2: every change moved the time of the file", not self.unmoved, self.unmoved)


def _forgiven(change, way):
    on_device, replica = WAYS[way]
    return {None: False, changes.ON_DEVICE: on_device, changes.ALWAYS: True,
            changes.FROM_REPLICA: replica}[change.limit]


def _wanted(name):
    return os.environ.get("CSUM_CAMPAIGN_ONLY", "") in name


def main():
    long = os.environ.get("CSUM_CAMPAIGN") == "long"
    seed = int(os.environ.get("CSUM_CAMPAIGN_SEED") or 1)
    machine.begin("others")
    report = Report()
    start = time.monotonic()
    campaign = Campaign(report, long, seed)
    report.note("seed %d, %s form" % (seed, "long" if long else "short"))
    for name in contents.CONTENTS:
        wanted = [change for change in changes.ALL
                  if change.content == name and (long or change.brief) and _wanted(change.name)]
        if wanted:
            campaign.content(name, wanted)
            if long:
                report.note("%s: %d changes, %.0f s" % (name, len(wanted), time.monotonic() - start))
    campaign.ticks()
    campaign.table()
    report.note("%d scrubs judged in %.0f s" % (campaign.judged, time.monotonic() - start))
    campaign.verdicts()
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
