# SPDX-License-Identifier: GPL-2.0-or-later
"""External volumes with a given content, written by csumtool, and scrubs of their data after others changed it."""
import itertools
import os
import subprocess

import campaign_machine as machine

PROGRAM = os.environ.get("CSUMTOOL") or os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                     "..", "..", "build", "csumtool")


def program(*arguments):
    """Runs csumtool with its state directory in ours; returns its status and output."""
    environment = dict(os.environ, LC_ALL="C", STATE_DIRECTORY=machine.place("state"),
                       RUNTIME_DIRECTORY=machine.place("state"))
    os.makedirs(machine.place("state"), exist_ok=True)
    if not os.access(PROGRAM, os.X_OK):
        raise SystemExit("%s is not there: CSUMTOOL names the program to try" % PROGRAM)
    done = subprocess.run([PROGRAM] + [str(word) for word in arguments], check=False, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode < 0:
        raise machine.Broken("csumtool %s: killed by signal %d" % (arguments[0], -done.returncode))
    return done.returncode, done.stdout.decode(errors="replace")


def must(*arguments):
    status, said = program(*arguments)
    if status:
        raise machine.Broken("csumtool %s: status %d: %s" % (" ".join(map(str, arguments)), status, said[-300:]))


_scrub_options = None


def scrub_options():
    """Undo files are not tried here, so they are turned off; builds that make none by themselves lack the option."""
    global _scrub_options
    if _scrub_options is None:
        status, said = program("scrub", "--help")
        if status:
            raise SystemExit("csumtool scrub --help: status %d: is %s the program?" % (status, PROGRAM))
        _scrub_options = ["--no-undo"] if "--no-undo" in said else []
    return _scrub_options


def metadata_bytes(size, sector):
    """Returns a size with room for both copies of every group, and the fixed areas."""
    entries = (sector - 16) // 8
    return (2 * (size // sector // entries + 2) * sector + (1 << 20) + 65536 + 4095) // 4096 * 4096


_numbers = itertools.count()


class Volume:
    """One external volume whose data is what the file `base` holds, all of it written through csumtool.

    on_device: the data is on a block device, a loop device over a file; else it is that file. The data lies in one
    file that is used over and over, `work`, and is brought to what a test wants; the metadata too."""

    def __init__(self, base, sector, on_device, options=()):
        self.base, self.sector, self.on_device = base, sector, on_device
        self.meta = machine.place("meta.%d" % next(_numbers))
        size = os.stat(base).st_size
        data = machine.place("fresh")
        with open(data, "wb") as file:
            file.truncate(size)
        with self._data(data) as name:
            must("format", "-q", "-s", sector, "-m", self.meta, "--size=%d" % metadata_bytes(size, sector), *options,
                 name)
            must("write", "-q", "-m", self.meta, name, base)
        # The time of the file as csumtool left it; a copy that is given this time is like one made by cp -p.
        self.time = machine.get_time(data)
        os.unlink(data)

    def _data(self, path):
        return machine.loop(path) if self.on_device else _nothing(path)

    def scrub(self, work, *options, time=None):
        """Scrubs the data in the file `work`, with the metadata of the time after the write. time: given to the file
        before that. Returns status and output."""
        meta = machine.place("meta")
        machine.copy(self.meta, meta)
        if time is not None:
            machine.set_time(work, time)
        with self._data(work) as name:
            return program("scrub", "-q", *scrub_options(), *options, "-m", meta, name)


class _nothing:
    """A context that yields a given value."""

    def __init__(self, value):
        self.value = value

    def __enter__(self):
        return self.value

    def __exit__(self, *_):
        return False
