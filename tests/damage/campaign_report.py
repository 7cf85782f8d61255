# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints TAP with comments, and counts skipped steps."""


class Report:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.reasons = {}
        self.verdicts = []

    def note(self, text):
        print("# " + text, flush=True)

    def skip(self, steps, reason):
        self.reasons[reason] = self.reasons.get(reason, 0) + steps

    def skip_reason(self, reason):
        self.reasons.setdefault(reason, 0)

    def test(self, name, right, details=()):
        number = self.passed + self.failed + self.skipped + 1
        self.passed += right
        self.failed += not right
        print("%sok %d - %s" % ("" if right else "not ", number, name))
        for detail in () if right else details:
            print("#   " + detail.replace("\n", "\n#   "))

    def skipped_test(self, name, reason):
        self.skipped += 1
        print("ok %d - %s # SKIP %s" % (self.passed + self.failed + self.skipped, name, reason))

    def end(self):
        """Prints the skipped steps and the sums. Returns the exit status."""
        for reason, steps in sorted(self.reasons.items()):
            self.note("skipped: %d steps: %s" % (steps, reason) if steps else "skipped: " + reason)
        print("1..%d" % (self.passed + self.failed + self.skipped))
        print("%d passed, %d failed%s" % (self.passed, self.failed,
                                          ", %d skipped" % self.skipped if self.skipped else ""))
        return int(self.failed > 0 or not self.passed)
