# SPDX-License-Identifier: GPL-2.0-or-later
"""The use of a mounted file system, and the ways in which it ends."""
import os

import campaign_contents as contents
import campaign_machine as machine

MIB = contents.MIB

# ---- uses: functions of the root directory and a random number generator


def nothing(root, rng):
    pass


def photo(root, rng):
    contents.write_file(os.path.join(root, "photo.jpg"), rng.randbytes(300000))


def many_small(root, rng):
    folder = os.path.join(root, "many")
    os.makedirs(folder, exist_ok=True)
    for number in range(300):
        contents.write_file(os.path.join(folder, "file%d" % number), contents.text(rng, rng.randrange(50, 5000)))


def delete(root, rng):
    for number in (1, 3, 5):
        os.unlink(os.path.join(root, "old%d" % number))
    contents.write_file(os.path.join(root, "after"), rng.randbytes(60000))


def append(root, rng):
    with open(os.path.join(root, "log"), "ab") as file:
        for _ in range(20):
            file.write(contents.text(rng, 3000, "appended"))
            file.flush()
            os.fsync(file.fileno())


def in_place(root, rng):
    """Writes like a database: nothing is allocated."""
    with open(os.path.join(root, "database"), "r+b") as file:
        for _ in range(30):
            file.seek(rng.randrange(2000) * 256)
            file.write(rng.randbytes(256))
            file.flush()
            os.fdatasync(file.fileno())


def big_file(root, rng):
    contents.write_file(os.path.join(root, "film"), rng.randbytes(12 * MIB), durable=True)


def rename(root, rng):
    os.makedirs(os.path.join(root, "elsewhere/deep"), exist_ok=True)
    os.rename(os.path.join(root, "photo"), os.path.join(root, "elsewhere/deep/photo"))
    for number in range(10):
        os.symlink("/nowhere/%d/%x" % (number, rng.getrandbits(64)), os.path.join(root, "link%d" % number))


def attributes(root, rng):
    os.chmod(os.path.join(root, "log"), 0o600)
    os.utime(os.path.join(root, "database"), (1, 1))
    os.truncate(os.path.join(root, "photo"), MIB + 17)
    with open(os.path.join(root, "reserved"), "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 2 * MIB)


def mixture(root, rng):
    for use in rng.sample((photo, many_small, append, in_place, attributes), 3):
        use(root, rng)
    contents.write_file(os.path.join(root, "synced"), contents.text(rng, 40000), durable=True)


USES = (photo, many_small, delete, append, in_place, big_file, rename, attributes, mixture, nothing)

# ---- ends: functions of the image, its root directory while it is mounted, and a random number generator


def _snapshot(image):
    """Copies the image in the state that a power cut would leave now: only bytes that have reached the device."""
    machine.copy(image, machine.place("snapshot"))


def unmounted(image, root, rng):
    return False


def crash_after_sync(image, root, rng):
    machine.run("sync", "-f", root)
    _snapshot(image)
    return True


def crash_after_fsync(image, root, rng):
    """Makes one file durable while other writes are on their way."""
    many_small(root, rng)
    contents.write_file(os.path.join(root, "durable"), contents.text(rng, 20000), durable=True)
    _snapshot(image)
    return True


def crash_at_once(image, root, rng):
    contents.write_file(os.path.join(root, "lost"), contents.text(rng, 20000))
    _snapshot(image)
    return True


ENDS = (unmounted, crash_after_sync, crash_after_fsync, crash_at_once)


def use_mounted(image, rng, use, end=unmounted, options=(), part=(0, 0)):
    """Mounts the image, or a part of it, uses it and ends the use. After a crash the image is the state that it
    left."""
    with machine.loop(image, *part) as device, machine.mounted(*options, device) as root:
        use(root, rng)
        crashed = end(image, root, rng)
    if crashed:
        machine.make_same(image, machine.place("snapshot"))


def use_by_fuse(image, rng, use, program):
    with machine.mounted(image, program=program) as root:
        use(root, rng)


def replay(image, options=()):
    """Mounts the image after a crash."""
    with machine.loop(image) as device, machine.mounted(*options, device):
        pass
