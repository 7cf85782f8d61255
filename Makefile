# SPDX-License-Identifier: GPL-2.0-or-later
#
#: Knobs, for the command line (make CC=clang V=1) or the environment:
#:   CC, AR                     compiler and archiver
#:   CFLAGS                     put after our own flags (default: -O2 -g)
#:   CPPFLAGS, LDFLAGS, LDLIBS  as usual, also after our own
#:   WERROR=1                   warnings are errors
#:   ISAL=no|yes                without ISA-L, whose checksums are the fastest, or not without it
#:                              (default: with it where pkg-config finds it)
#:   PKG_CONFIG                 finds the libraries (default: pkg-config)
#:   V=1                        shows whole command lines
#:   BUILD=build                output directory; sanitize, lint and fuzz add a suffix to it
#:   DEPS=no                    never install packages; otherwise demo, check, crash, bench, lint, portability,
#:                              sanitize and fuzz install those that are missing (Debian, Ubuntu)
#:   TESTS="WORD..."            check, crash, sanitize, fuzz, portability: only tests with WORD in their name, as in
#:                              tests/unit/ondisk/test_layout or tests/cli/check.bats; may hold * and ?
#:   JOBS=N, TEST_TIMEOUT=S     tests that run at a time (default: one more than there are processors),
#:                              and the seconds each program or file may take (default: 3600)
#:   SANITIZE=address,undefined sanitizers of make sanitize
#:   SANITIZE_BATS="FILE..."    bats files of make sanitize (default: those that say
#:                              "# sanitize: yes" in their first lines)
#:   CSUM_CRASH_STATES=N        crash states the crash tests explore, about (default: 100000 in check,
#:                              20000 in sanitize, "full" in crash: more than a million)
#:   CSUM_KILL_ROUNDS=N         how often the program is killed (default: 200 in check, 40 in
#:                              sanitize, 2000 in crash)
#:   CSUM_CALL_STRIDE=N         of the ways in which one call of the program can fail, about every N-th is
#:                              tried (default: 79 in check, 397 in sanitize, 1, all of them, in crash)
#:   CSUM_DAMAGES=N             damages the damage campaign plants (default: 3000 in check)
#:   CSUM_HEAL_TRIALS=N         errors of each class that the tests of healing plant (default: an eighth
#:                              in check, "full" in damage: 100,000 and a million)
#:   CSUM_HOSTILE_IMAGES=N      images that tests/unit/whole/test_hostile changes at random and opens (default:
#:                              2500 in check, 1000 in sanitize, 10000 in damage)
#:   CSUM_CAMPAIGN=long|short   how much the campaigns on mounted and damaged data devices try
#:                              (default: short in check, long in damage)
#:   CSUM_CAMPAIGN_SEED=N       where their random numbers begin (default: 1)
#:   FUZZ_SECONDS=60            time for each fuzz target
#:   CSUM_FUZZ_INPUTS=N         inputs that tests/fuzz/test_inputs tries beside the known ones
#:   PREFIX=/usr/local, DESTDIR, bindir, libdir, includedir, pkgconfigdir, mandir, completiondir,
#:   INSTALL, INSTALL_PROGRAM, INSTALL_DATA
#:                              where and how make install puts files

ifeq ($(origin CFLAGS),undefined)
DEFAULT_CFLAGS = -O2 -g
endif
PKG_CONFIG ?= pkg-config
BUILD ?= build
SANITIZE ?= address,undefined
HASH := \#
SANITIZE_BATS ?= $(shell for f in $(BATS); do \
	head -n 20 $$f | grep -q '^$(HASH) sanitize: yes' && echo $$f; done)
FUZZ_SECONDS ?= 60
FUZZ_CC ?= clang
PREFIX ?= /usr/local
bindir ?= $(PREFIX)/bin
libdir ?= $(PREFIX)/lib
includedir ?= $(PREFIX)/include
pkgconfigdir ?= $(libdir)/pkgconfig
mandir ?= $(PREFIX)/share/man
completiondir ?= $(PREFIX)/share/bash-completion/completions
INSTALL ?= install
INSTALL_PROGRAM ?= $(INSTALL) -m 755
INSTALL_DATA ?= $(INSTALL) -m 644

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: all deps demo check bench crash damage portability lint sanitize fuzz install uninstall clean help
.PHONY: tests fuzz-programs completion deps-auto FORCE
.PHONY: lint-gcc lint-clang lint-layers lint-symbols lint-sizes lint-words lint-format lint-cppcheck lint-shell lint-man
.PHONY: lint-spdx

all:

# ---- Sources

LIB_SRCS := $(sort $(wildcard lib/*.c lib/*/*.c))
PROG_SRCS := $(sort $(wildcard csumtool/*.c csumtool/*/*.c))
UNIT_SRCS := $(sort $(wildcard tests/unit/*/test_*.c))
CRASH_SRCS := $(sort $(wildcard tests/crash/test_*.c))
DAMAGE_SRCS := $(sort $(wildcard tests/damage/test_*.c))
HELPER_SRCS := $(filter-out $(UNIT_SRCS) $(CRASH_SRCS) $(DAMAGE_SRCS), \
	$(sort $(wildcard tests/support/*.c tests/crash/*/*.c tests/damage/*.c)))
# Sources of libraries for LD_PRELOAD, and of programs that the bats files use.
PRELOAD_SRCS := $(sort $(wildcard tests/cli/preload_*.c))
CLI_HELPER_SRCS := $(filter-out $(PRELOAD_SRCS),$(sort $(wildcard tests/cli/*.c)))
FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
# This program replays the inputs of the fuzz targets without a fuzzer.
FUZZ_TEST_SRCS := $(sort $(wildcard tests/fuzz/test_*.c))
FUZZ_HELPER_SRCS := $(filter-out $(FUZZ_SRCS) $(FUZZ_TEST_SRCS),$(sort $(wildcard tests/fuzz/*.c)))
BATS := $(sort $(wildcard tests/cli/*.bats))
# Tests that are scripts; those in Python try the program.
SCRIPTS := tests/crash/rules.sh tests/damage/others.py tests/damage/decay.py

ALL_SRCS := $(LIB_SRCS) $(PROG_SRCS) $(UNIT_SRCS) $(CRASH_SRCS) $(DAMAGE_SRCS) $(HELPER_SRCS) \
	$(CLI_HELPER_SRCS) $(PRELOAD_SRCS) $(FUZZ_SRCS) $(FUZZ_TEST_SRCS) $(FUZZ_HELPER_SRCS)
C_FILES := $(sort $(foreach dir,include lib csumtool tests examples,$(wildcard \
	$(dir)/*.[ch] $(dir)/*/*.[ch] $(dir)/*/*/*.[ch])))

# Objects lie apart from programs, as one program is called csumtool like the folder of its source.
OBJ := $(BUILD)/obj
objects = $(patsubst %.c,$(OBJ)/%.o,$(1))
programs = $(patsubst %.c,$(BUILD)/%,$(1))

LIB := $(if $(LIB_SRCS),$(BUILD)/libcsum.a)
# The number goes up with a change that breaks programs linked before it.
SONAME := libcsum.so.1
SHARED := $(BUILD)/$(SONAME)
PROG := $(if $(PROG_SRCS),$(BUILD)/csumtool)
# The parts that commands are made of, so that unit tests can link them too.
PROG_PARTS := $(if $(PROG_SRCS),$(OBJ)/csumtool.a)
TEST_PROGS := $(call programs,$(UNIT_SRCS) $(CRASH_SRCS) $(DAMAGE_SRCS))
FUZZ_TEST_PROGS := $(call programs,$(FUZZ_TEST_SRCS))
PRELOADS := $(patsubst %,%.so,$(call programs,$(PRELOAD_SRCS)))
CLI_HELPERS := $(call programs,$(CLI_HELPER_SRCS)) $(PRELOADS)
FUZZ_PROGS := $(call programs,$(FUZZ_SRCS))

MK := mk/packages.mk mk/build.mk mk/test.mk mk/lint.mk
include $(MK)

# ---- Installing

# The version comes from the macros of the header.
VERSION = $(shell sed -n 's/^$(HASH)define CSUM_VERSION_[A-Z]* //p' include/csum.h | paste -sd.)

$(BUILD)/libcsum.pc: FORCE | $(FIRST)
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(libdir)|' -e 's|@INCLUDEDIR@|$(includedir)|' \
		-e 's|@VERSION@|$(VERSION)|' -e 's|@LIBS@|$(strip $(LIB_PKG_LIBS))|' lib/libcsum.pc.in >$@

INSTALLED = '$(DESTDIR)$(bindir)/csumtool' '$(DESTDIR)$(mandir)/man8/csumtool.8' \
	'$(DESTDIR)$(completiondir)/csumtool' '$(DESTDIR)$(includedir)/csum.h' \
	'$(DESTDIR)$(libdir)/libcsum.a' '$(DESTDIR)$(libdir)/$(SONAME)' '$(DESTDIR)$(libdir)/libcsum.so' \
	'$(DESTDIR)$(pkgconfigdir)/libcsum.pc'

## install: installs program, manual page, bash completion, header and libraries below DESTDIR and PREFIX
install: all $(BUILD)/libcsum.pc
	$(INSTALL) -d '$(DESTDIR)$(bindir)' '$(DESTDIR)$(mandir)/man8' '$(DESTDIR)$(completiondir)' \
		'$(DESTDIR)$(includedir)' '$(DESTDIR)$(libdir)' '$(DESTDIR)$(pkgconfigdir)'
	$(INSTALL_PROGRAM) $(BUILD)/csumtool '$(DESTDIR)$(bindir)/csumtool'
	$(INSTALL_DATA) man/csumtool.8 '$(DESTDIR)$(mandir)/man8/csumtool.8'
	$(INSTALL_DATA) completion/csumtool.bash '$(DESTDIR)$(completiondir)/csumtool'
	$(INSTALL_DATA) include/csum.h '$(DESTDIR)$(includedir)/csum.h'
	$(INSTALL_DATA) $(LIB) '$(DESTDIR)$(libdir)/libcsum.a'
	$(INSTALL_DATA) $(SHARED) '$(DESTDIR)$(libdir)/$(SONAME)'
	ln -sfn $(SONAME) '$(DESTDIR)$(libdir)/libcsum.so'
	$(INSTALL_DATA) $(BUILD)/libcsum.pc '$(DESTDIR)$(pkgconfigdir)/libcsum.pc'

## uninstall: removes the files install put there, and nothing else
uninstall:
	rm -f $(INSTALLED)

## clean: removes the output directories
clean:
	rm -rf '$(BUILD)' $(patsubst %,'$(BUILD)-%',sanitize gcc clang fuzz portability)

## help: shows this
help:
	@echo 'Goals:'
	@sed -n 's/^## \([a-z]*\): /\1\t/p' $(MK) Makefile | while IFS="$$(printf '\t')" read -r goal text; \
		do printf '  %-11s %s\n' "$$goal" "$$text"; done
	@echo
	@sed -n 's/^#: \{0,1\}//p' Makefile
