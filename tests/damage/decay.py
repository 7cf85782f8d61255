#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The campaign of decay: how much damage by disks is still healed, depending on the witnesses for decay.

External volumes are damaged, and scrubbed without a replica and with one. First the data is a file whose time is put
back, as if no others wrote it: this shows which sectors can be healed. Then the data is on a block device, with a file
system whose mount record is unchanged and without one; then it is a file with another time. The table has the share of
these sectors that is healed there.

  CSUM_CAMPAIGN=long      each kind of damage by itself too, on all contents, at both sizes of a sector
  CSUM_CAMPAIGN_SEED=N    start of the random numbers (default: 1)
  CSUM_CAMPAIGN_ONLY=WORD only contents with WORD in their name

Prints TAP, with a table as comments. Steps for which the machine has no means are skipped, and counted.
"""
import contextlib
import os
import random
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import campaign_contents as contents  # noqa: E402
import campaign_damage as damage  # noqa: E402
import campaign_machine as machine  # noqa: E402
from campaign_report import Report  # noqa: E402
from campaign_volume import Volume, program  # noqa: E402

SECTORS = (512, 4096)
# Content: the kind of places to leave alone in it, and whether the short form has it.
RECORDED = {"ext4": ("ext", True), "xfs": ("xfs", True), "btrfs": ("btrfs", True), "ext4-1k": ("ext", False),
            "gpt": ("partition", False)}
UNRECORDED = {"fat": ("none", True), "raw": ("none", True), "luks2": ("none", False), "swap": ("none", False)}

SAME, DEVICE, UNDECIDED, EXCLUSIVE, CHANGED, CHANGED_NONE = range(6)
COLUMNS = ("time same", "device, record", "device, undecided", "device, exclusive", "file changed, record",
           "file changed, none")
MILD, NEW, BLANK, DEAD = range(4)
ROWS = ("bits, bursts, stuck bit, zeroed, ff, pattern, 4K - 1M zeroed, swapped, misplaced, shifted",
        "garbage, torn, > 16 bits, lost writes", "the same over sectors that were blank, no replica", "unreadable")
# Bounds of the share that is healed, in percent.
ALL, NONE, NEARLY = (100, 100), (0, 0), (99.9, 100)
WANTED = {
    MILD: {SAME: ALL, DEVICE: NEARLY, UNDECIDED: NEARLY, EXCLUSIVE: ALL, CHANGED: NEARLY, CHANGED_NONE: NONE},
    NEW: {SAME: ALL, DEVICE: ALL, UNDECIDED: NONE, EXCLUSIVE: ALL, CHANGED: NONE, CHANGED_NONE: NONE},
    BLANK: {SAME: ALL, DEVICE: NONE, UNDECIDED: NONE, EXCLUSIVE: ALL, CHANGED: NONE, CHANGED_NONE: NONE},
    DEAD: {SAME: ALL, DEVICE: NEARLY, UNDECIDED: NEARLY, EXCLUSIVE: ALL, CHANGED: NEARLY, CHANGED_NONE: NONE},
}
KINDS = {MILD: damage.MILD, NEW: damage.NEW, BLANK: damage.BLANK}


class Campaign:
    def __init__(self, report, long, seed):
        self.report, self.long, self.seed = report, long, seed
        # For each row and column: sectors healed, and sectors that can be.
        self.cells = {(row, column): [0, 0] for row in range(len(ROWS)) for column in range(len(COLUMNS))}
        self.wrong, self.missed, self.broken, self.scrubs = [], [], [], 0
        self.has_exclusive = "--exclusive" in program("format", "--help")[1]

    # ---- a content

    def content(self, name, kind, recorded):
        base = machine.place("base")
        contents.CONTENTS[name](base, random.Random("%d %s" % (self.seed, name)))
        avoid = damage.record_places(base, kind)
        # In the short form the sizes of sectors take turns.
        place = (list(RECORDED) + list(UNRECORDED)).index(name)
        for sector in SECTORS if self.long else (SECTORS[(self.seed + place) % 2],):
            volumes, room = self.volumes(base, sector, recorded), damage.Room(base, sector, avoid)
            for label, row, kinds in self.campaigns():
                self.damaged(base, volumes, room, "%s, %s, S = %d" % (name, label, sector), row, kinds)
            for on_file in (True, False):
                self.unreadable(base, volumes, room, on_file, "%s, S = %d" % (name, sector))
            machine.run("rm", "-f", *[volume.meta for volume, _ in volumes.values()])

    def volumes(self, base, sector, recorded):
        """Returns by column: the volume, and whether the file keeps its time."""
        on_file = Volume(base, sector, False)
        found = {SAME: (on_file, True), CHANGED if recorded else CHANGED_NONE: (on_file, False)}
        try:
            found[DEVICE if recorded else UNDECIDED] = (Volume(base, sector, True), False)
            if self.has_exclusive:
                found[EXCLUSIVE] = (Volume(base, sector, True, ("--exclusive",)), False)
        except machine.Missing as why:
            self.report.skip_reason(str(why))
        return found

    def campaigns(self):
        """Yields the kinds of damage that are done together: those of a row, and in the long form also each by
        itself."""
        for row, kinds in KINDS.items():
            yield "all kinds", row, kinds
            if self.long:
                for name, how in kinds.items():
                    yield name, row, {name: how}

    # ---- one damaged image, scrubbed in every way

    def damaged(self, base, volumes, room, name, row, kinds):
        image = machine.place("image")
        machine.copy(base, image)
        target = damage.Target(image, room, random.Random("%d %s" % (self.seed, name)))
        near, hit = set(), set()
        try:
            for _ in range(8 // len(kinds) + 2):
                for kind, how in kinds.items():
                    sectors = how(target)
                    hit.update(sectors)
                    near.update(sectors if kind in damage.NEAR else ())
        except machine.Missing as why:
            self.report.skip(1, "%s: %s" % (name, why))
        for replica in (False, True) if row != BLANK else (False,):
            label = name + (", replica" if replica else "")
            possible = self.scrubbed(volumes[SAME], base, image, hit, replica, label)
            missed = (hit if replica else near) - possible
            if missed:
                self.missed.append("%s: %d of %d are not healed" % (label, len(missed), len(hit)))
            self.count(row, SAME, possible, possible)
            for column, volume in volumes.items():
                if column != SAME:
                    self.count(row, column, possible,
                               self.scrubbed(volume, base, image, hit, replica, label) & possible)

    def count(self, row, column, possible, healed):
        cell = self.cells[row, column]
        cell[0] += len(healed)
        cell[1] += len(possible)

    def scrubbed(self, volume, base, image, hit, replica, name):
        """Returns the sectors that are right after a scrub."""
        volume, keep_time = volume
        work = machine.place("work")
        machine.copy(image, work)
        options = ["--from=" + base] if replica else []
        volume.scrub(work, *options, time=volume.time if keep_time else 1700000000987654321)
        return self.judge(volume, base, work, image, hit, name)

    def judge(self, volume, base, work, image, hit, name):
        self.scrubs += 1
        bad = set(machine.differing(base, work, volume.sector))
        if image and bad - set(machine.differing(base, image, volume.sector)):
            self.wrong.append("%s: sectors that were right are not any more" % name)
        return hit - bad

    # ---- sectors that cannot be read until they are written

    def unreadable(self, base, volumes, room, on_file, name):
        """Tries a file system that fails as it is told to, in a file on it or on a loop device over that file."""
        columns = [column for column in volumes if (column in (SAME, CHANGED, CHANGED_NONE)) == on_file]
        target = damage.Target(base, room, random.Random("%d dead %s" % (self.seed, name)))
        hit = sorted(target.pick_full() for _ in range(12))
        for column in columns:
            volume, keep_time = volumes[column]
            work = machine.place("work")
            machine.copy(base, work)
            try:
                healed = self.unreadable_scrubbed(volume, keep_time, base, work, hit)
            except machine.Missing as why:
                self.report.skip(1, "unreadable sectors: %s" % why)
                return
            self.judge(volume, base, work, None, set(hit), name)
            self.count(DEAD, column, hit, healed)

    def unreadable_scrubbed(self, volume, keep_time, base, work, hit):
        with faulty(work) as mount:
            with open(os.path.join(mount, "control"), "w", encoding="ascii") as control:
                for number in hit:
                    control.write("worn %d %d\n" % (number * volume.sector, volume.sector))
                    control.flush()
            machine.set_time(work, volume.time if keep_time else 1700000000987654321)
            volume.scrub(os.path.join(mount, "image"), "--from=" + base)
            return [number for number in hit if readable(os.path.join(mount, "image"), number, volume.sector)]

    # ---- results

    def table(self):
        note = self.report.note
        note("%-92s %s" % ("share healed, of what is with the file's time as it was", "  ".join(COLUMNS)))
        for row, name in enumerate(ROWS):
            cells = []
            for column, title in enumerate(COLUMNS):
                healed, of = self.cells[row, column]
                cells.append(("%d of %d" % (healed, of) if of else "-").rjust(len(title)))
            note("%-92s %s" % (name, "  ".join(cells)))

    def verdicts(self):
        for row, name in enumerate(ROWS):
            for column, title in enumerate(COLUMNS):
                healed, of = self.cells[row, column]
                label = "A2: %s; %s" % (name, title)
                least, most = WANTED[row][column]
                if not of:
                    self.report.skipped_test(label, "nothing of it could be done here")
                    continue
                share = 100 * healed / of
                self.report.test("%s: %s" % (label, _range(least, most)), least <= share <= most,
                                 ["%.2f %%: %d of %d" % (share, healed, of)])
        self.report.test("A2: what a replica has, and few bits, are healed where the time is as it was",
                         not self.missed, self.missed)
        self.report.test("A2: no sector is worse than it was", not self.wrong, self.wrong)
        self.report.test("A2: every step did what it is there for", not self.broken, self.broken)


def _range(least, most):
    if least == most:
        return "all healed" if most else "none healed"
    return "at least %s %% healed" % least


@contextlib.contextmanager
def faulty(path):
    helper = os.path.join(os.environ.get("BUILD") or "build", "tests/cli/faultfs")
    if not os.access(helper, os.X_OK):
        raise machine.Missing("no %s" % helper)
    if not os.path.exists("/dev/fuse"):
        raise machine.Missing("no /dev/fuse")
    with machine.mounted(path, program=(os.path.abspath(helper),)) as root:
        yield root


def readable(path, number, sector):
    try:
        with open(path, "rb", buffering=0) as file:
            return len(os.pread(file.fileno(), sector, number * sector)) == sector
    except OSError:
        return False


def main():
    long = os.environ.get("CSUM_CAMPAIGN") == "long"
    seed = int(os.environ.get("CSUM_CAMPAIGN_SEED") or 1)
    machine.begin("decay")
    report, start = Report(), time.monotonic()
    campaign = Campaign(report, long, seed)
    report.note("seed %d, %s form" % (seed, "long" if long else "short"))
    for group, recorded in ((RECORDED, True), (UNRECORDED, False)):
        for name, (kind, brief) in group.items():
            if not (long or brief) or os.environ.get("CSUM_CAMPAIGN_ONLY", "") not in name:
                continue
            try:
                campaign.content(name, kind, recorded)
                if long:
                    report.note("%s: %.0f s" % (name, time.monotonic() - start))
            except machine.Missing as why:
                report.skip(1, "%s: %s" % (name, why))
            except machine.Broken as why:
                campaign.broken.append("%s: %s" % (name, why))
    campaign.table()
    report.note("%d scrubs in %.0f s" % (campaign.scrubs, time.monotonic() - start))
    campaign.verdicts()
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
