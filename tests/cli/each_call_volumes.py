# SPDX-License-Identifier: GPL-2.0-or-later
"""For each_call.py: runs the program with a fault, and makes the volumes and commands that faults are tried on."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import reference  # noqa: E402

PROGRAM = os.environ["CSUMTOOL"]
PRELOAD = os.path.join(os.environ["BUILD"], "tests/cli/preload_fault.so")
# Internal volumes have 332 sectors in 6 groups, or 60 in one; external volumes have as many.
SECTORS = {512: 332, 4096: 60}
INTERNAL_BYTES = {512: 1290240, 4096: 1368064}
META_BYTES = 1200000
PIECE = 4096


class Violation(Exception):
    pass


def expect(condition, text):
    if not condition:
        raise Violation(text)


def pattern(word, size):
    """Returns text that does not repeat."""
    return b"".join(b"%s/%05d\n" % (word, i) for i in range(size // (len(word) + 7) + 1))[:size]


def sectors_of(space, sector):
    return [space[at:at + sector] for at in range(0, len(space), sector)]


def runs_of(content):
    """Returns the size of a file, and its bytes outside of holes with their offsets."""
    runs, begin = [], None
    for at in range(0, len(content) + PIECE, PIECE):
        filled = content[at:at + PIECE].strip(b"\0") != b""
        if filled and begin is None:
            begin = at
        elif not filled and begin is not None:
            runs.append((begin, content[begin:at]))
            begin = None
    return len(content), runs


class Machine:
    """A directory with the files of a volume, in which the program runs."""

    def __init__(self, directory):
        self.directory = os.path.join(os.path.realpath(directory), "volume")
        os.makedirs(self.directory, exist_ok=True)
        os.chdir(self.directory)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("CSUM_")}
        # The sanitizers' library may come behind ours, also when it is linked to the program; this option allows that.
        asan = self.environment.get("ASAN_OPTIONS")
        self.environment.update(LC_ALL="C", LD_PRELOAD=PRELOAD, CSUM_FAULT_DIRECTORY=self.directory,
                                ASAN_OPTIONS=(asan + ":" if asan else "") + "verify_asan_link_order=0")

    def put(self, files, mtime=None):
        """Makes these the only files; each is given by the result of runs_of()."""
        for name in os.listdir("."):
            os.unlink(name)
        for name, (size, runs) in files.items():
            with open(name, "wb", buffering=0) as file:
                for at, piece in runs:
                    os.pwrite(file.fileno(), piece, at)
                file.truncate(size)
        if mtime:
            os.utime("data", ns=(mtime, mtime))

    def run(self, *arguments, fault=None, log=False):
        """Runs the program. Returns its exit status, or a negative signal, and its standard error."""
        environment = dict(self.environment)
        if log or fault:
            if os.path.exists("../log"):
                os.unlink("../log")
            environment["CSUM_FAULT_LOG"] = os.path.join(self.directory, "../log")
        if fault:
            environment["CSUM_FAULT"] = fault
        modes = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        child = os.posix_spawn(PROGRAM, [PROGRAM, *arguments], environment, file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, "../out", modes, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, "../err", modes, 0o600)])
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return status, reference.content("../err").decode(errors="replace")

    def must(self, *arguments):
        status, err = self.run(*arguments)
        expect(status == 0, "%s: status %d: %s" % (" ".join(arguments), status, err))

    def log(self):
        with open("../log", encoding="ascii") as file:
            return file.read().splitlines()


class Scenario:
    """A volume, a command, and the content of each sector before and after it; None where the sector is bad."""

    def __init__(self, name, files, arguments, new=None, extra=None, status=0):
        self.name = name
        self.files = files  # the volume
        extra = extra or {}  # other files that the command reads
        self.put = {name: runs_of(content) for name, content in {**files, **extra}.items()}
        self.arguments = arguments
        self.status = status
        self.mtime = os.stat("data").st_mtime_ns if "data" in files else None
        self.before = self.volume(files)
        self.old = self.before.read()
        self.new = sectors_of(new, self.before.sector) if new else self.old
        self.repairs = arguments[0] == "scrub"

    def operands(self):
        return operands(self.files)

    @staticmethod
    def volume(files):
        if "data" in files:
            return reference.Volume(files["meta"], files["data"])
        return reference.Volume(files["volume"])

    def again(self):
        """Returns arguments of a scrub that ends the work of this command, or of a scrub."""
        return ["scrub", "--no-undo"] + [word for word in self.arguments if word.startswith("--from")] + self.operands()

    def load(self, machine):
        machine.put(self.put, self.mtime)

    def left(self):
        """Returns the present files of the volume."""
        return {name: reference.content(name) for name in self.files}


def operands(files):
    return ["--metadata=meta", "data"] if "data" in files else ["volume"]


class Maker:
    """Volumes of one layout and sector size."""

    def __init__(self, machine, sector, external, exclusive=False):
        self.machine = machine
        self.sector = sector
        self.space = SECTORS[sector] * sector
        self.names = ["meta", "data"] if external else ["volume"]
        self.label = "%s %d" % ("external" if external else "internal", sector)
        machine.put({"data": runs_of(bytes(self.space))} if external else {})
        options = ["-q", "-s", str(sector), "-K", "2"] + (["--exclusive"] if exclusive else [])
        machine.must("format", *options, "--size=%d" % (META_BYTES if external else INTERNAL_BYTES[sector]),
                     *self.operands())
        self.old = pattern(b"old", self.space)

    def operands(self):
        return operands(self.names)

    def write(self, content):
        with open("input", "wb") as file:
            file.write(content)
        self.machine.must("write", "-q", *self.operands(), "input")
        os.unlink("input")

    def take(self):
        return {name: reference.content(name) for name in self.names}

    def scenario(self, name, arguments, **more):
        return Scenario("%s, %s" % (name, self.label), self.take(), arguments + self.operands(), **more)

    def damage(self, number, change):
        """Replaces the stored bytes of that sector by the result of change()."""
        volume = Scenario.volume(self.take())
        stored = bytearray(volume.stored(number))
        self.overwrite(self.names[-1], volume.data_at(number), change(stored) or stored)

    def overwrite(self, name, offset, content):
        """Overwrites bytes, and puts the time of the file back."""
        times = os.stat(name)
        with open(name, "r+b") as file:
            file.seek(offset)
            file.write(content)
        os.utime(name, ns=(times.st_atime_ns, times.st_mtime_ns))


def spliced(space, offset, content):
    return space[:offset] + content + space[offset + len(content):]


# ---- commands that write


def write_over(make):
    make.write(make.old)
    content = pattern(b"new", 60000)
    return make.scenario("write over old data", ["write", "-q", "-o", "700"], extra={"input": content},
                         new=spliced(make.old, 700, content))


def write_fresh(make):
    """A write whose ends lie in the middle of a written sector and of an unwritten one."""
    old = make.old[:make.space // 16] + bytes(make.space - make.space // 16)
    make.write(make.old[:make.space // 16])
    content, offset = pattern(b"new", make.space // 2 + 77), make.space // 16 // make.sector * make.sector - 100
    return make.scenario("write into fresh space", ["write", "-q", "-o", str(offset)], extra={"input": content},
                         new=spliced(old, offset, content))


def discard(make):
    make.write(make.old)
    offset, length = 3 * make.sector + 100, make.space // 3
    return make.scenario("discard", ["discard", "-q", "-o", str(offset), "-l", str(length)],
                         new=spliced(make.old, offset, bytes(length)))


def interrupt(make):
    """Kills a write when half of its data is there: groups have old and new sectors."""
    scenario = write_over(make)
    scenario.load(make.machine)
    make.machine.run(*scenario.arguments, "input", log=True)
    writes = [line.split() for line in make.machine.log() if line.startswith("pwrite %s " % make.names[-1])]
    longest = max(writes, key=lambda words: int(words[3]))
    half = int(longest[3]) // make.sector // 2 * make.sector
    scenario.load(make.machine)
    status, err = make.machine.run(*scenario.arguments, "input", fault="%s kill 0 %d" % (" ".join(longest), half))
    expect(status == -9, "not killed: status %d: %s" % (status, err))


def content_now(make):
    scenario = make.scenario("", [""])
    expect(scenario.before.active and None not in scenario.old, "this is no interrupted write")
    return b"".join(scenario.old)


def write_recovers(make):
    interrupt(make)
    content = pattern(b"again", 9000)
    return make.scenario("write to what a kill has left", ["write", "-q", "-o", "30000"], extra={"input": content},
                         new=spliced(content_now(make), 30000, content))


# ---- scrubs


def scrub_recovers(make):
    interrupt(make)
    return make.scenario("scrub of what a kill has left", ["scrub", "--no-undo"], new=content_now(make))


def flip(*places):
    def change(stored):
        for byte, mask in places:
            stored[byte] ^= mask
    return change


def flip_bits(make):
    make.write(make.old)
    make.damage(1, flip((0, 1)))
    make.damage(make.space // make.sector // 2, flip((99, 0x20), (400, 2)))
    make.damage(make.space // make.sector - 1, flip((70, 0x0f), (71, 0xe1)))


def scrub_bits(make):
    flip_bits(make)
    return make.scenario("scrub of flipped bits", ["scrub", "--no-undo"], new=make.old, status=1)


def scrub_undo(make):
    flip_bits(make)
    return make.scenario("scrub that keeps what it overwrites", ["scrub", "--undo=kept"], new=make.old, status=1)


def scrub_replica(make):
    make.write(make.old)
    for number in (0, 1, 9, make.space // make.sector - 1):
        make.damage(number, lambda stored: pattern(b"garbage", len(stored)))
    return make.scenario("scrub with a replica", ["scrub", "--no-undo", "--from=replica"], new=make.old, status=1,
                         extra={"replica": make.old})


def scrub_metadata(make):
    make.write(make.old)
    volume = Scenario.volume(make.take())
    make.overwrite(make.names[0], volume.imd_at(0, 0) + 100, pattern(b"torn", 200))
    if volume.groups > 1:
        make.overwrite(make.names[0], volume.imd_at(volume.groups - 1, 1), bytes(make.sector))
    make.overwrite(make.names[0], volume.slot_places()[1], bytes(4096))
    make.overwrite(make.names[0], volume.backup + 300, b"torn")
    return make.scenario("scrub of metadata", ["scrub", "--no-undo"], new=make.old, status=1)


def scrub_slots(make):
    make.write(make.old)
    for place in (0, 524288):
        make.overwrite(make.names[0], place, bytes(4096))
    return make.scenario("scrub with the backup alone", ["scrub", "--no-undo"], new=make.old, status=1)


def scrub_swapped(make):
    """Two sectors hold each other's contents, three are rotated, and one content is lost but lies elsewhere."""
    make.write(make.old)
    parts = sectors_of(make.old, make.sector)
    for place, number in ((5, 40), (40, 5), (10, 11), (11, 12), (12, 10), (20, 21)):
        make.damage(place, lambda stored, number=number: parts[number])
    make.damage(21, lambda stored: pattern(b"garbage", len(stored)))
    replica = spliced(bytes(make.space), 20 * make.sector, parts[20])
    return make.scenario("scrub of swapped sectors", ["scrub", "--no-undo", "--from=replica"], new=make.old, status=1,
                         extra={"replica": replica})


EVERYWHERE = [(sector, external) for sector in (512, 4096) for external in (False, True)]
# Functions that make scenarios, and the volumes for each.
SCENARIOS = [(write_over, EVERYWHERE), (write_fresh, EVERYWHERE), (discard, EVERYWHERE),
             (write_recovers, [(512, False), (4096, True)]),
             (scrub_recovers, [(512, False), (4096, True)]), (scrub_bits, EVERYWHERE), (scrub_replica, EVERYWHERE),
             (scrub_metadata, EVERYWHERE), (scrub_slots, [(512, False), (4096, True)]),
             (scrub_swapped, [(512, False), (4096, False), (512, True)]), (scrub_undo, [(512, False), (4096, True)])]


def scenarios(machine, words):
    """Yields the scenarios whose names begin with one of the words, and makes each when its turn comes."""
    for make, volumes in SCENARIOS:
        if not make.__name__.startswith(tuple(words)):
            continue
        for sector, external in volumes:
            scenario = make(Maker(machine, sector, external, external and make.__name__.startswith("scrub")))
            if scenario.arguments[0] == "write":
                scenario.arguments.append("input")
            yield scenario
