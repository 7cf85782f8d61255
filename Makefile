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
#:                              tests/unit/test_layout or tests/cli/check.bats; may hold * and ?
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
#:   CSUM_CAMPAIGN=long|short   how much the campaigns on mounted and damaged data devices try
#:                              (default: short in check, long in damage)
#:   CSUM_CAMPAIGN_SEED=N       where their random numbers begin (default: 1)
#:   FUZZ_SECONDS=60            time for each fuzz target
#:   CSUM_FUZZ_INPUTS=N         inputs that tests/fuzz/test_inputs tries beside the known ones
#:   PREFIX=/usr/local, DESTDIR, bindir, mandir, completiondir, INSTALL, INSTALL_PROGRAM,
#:   INSTALL_DATA               where and how make install puts files

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
mandir ?= $(PREFIX)/share/man
completiondir ?= $(PREFIX)/share/bash-completion/completions
INSTALL ?= install
INSTALL_PROGRAM ?= $(INSTALL) -m 755
INSTALL_DATA ?= $(INSTALL) -m 644

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: all deps demo check bench crash damage portability lint sanitize fuzz install uninstall clean help
.PHONY: tests fuzz-programs deps-auto FORCE
.PHONY: lint-gcc lint-clang lint-format lint-cppcheck lint-shell lint-man lint-spdx

all:

# ---- Sources

LIB_SRCS := $(sort $(wildcard lib/*.c))
PROG_SRCS := $(sort $(wildcard csumtool/*.c))
UNIT_SRCS := $(sort $(wildcard tests/unit/test_*.c))
CRASH_SRCS := $(sort $(wildcard tests/crash/test_*.c))
DAMAGE_SRCS := $(sort $(wildcard tests/damage/test_*.c))
HELPER_SRCS := $(filter-out $(UNIT_SRCS) $(CRASH_SRCS) $(DAMAGE_SRCS), \
	$(sort $(wildcard tests/unit/*.c tests/crash/*.c tests/damage/*.c)))
# Libraries for LD_PRELOAD, and programs.
PRELOAD_SRCS := $(sort $(wildcard tests/cli/preload_*.c))
CLI_HELPER_SRCS := $(filter-out $(PRELOAD_SRCS),$(sort $(wildcard tests/cli/*.c)))
FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
# Replays the inputs of the fuzz targets without a fuzzer.
FUZZ_TEST_SRCS := $(sort $(wildcard tests/fuzz/test_*.c))
FUZZ_HELPER_SRCS := $(filter-out $(FUZZ_SRCS) $(FUZZ_TEST_SRCS),$(sort $(wildcard tests/fuzz/*.c)))
BATS := $(sort $(wildcard tests/cli/*.bats))
# Tests that are scripts; those of Python try the program.
SCRIPTS := tests/crash/rules.sh tests/damage/others.py tests/damage/decay.py

ALL_SRCS := $(LIB_SRCS) $(PROG_SRCS) $(UNIT_SRCS) $(CRASH_SRCS) $(DAMAGE_SRCS) $(HELPER_SRCS) \
	$(CLI_HELPER_SRCS) $(PRELOAD_SRCS) $(FUZZ_SRCS) $(FUZZ_TEST_SRCS) $(FUZZ_HELPER_SRCS)
C_FILES := $(sort $(wildcard lib/*.[ch] csumtool/*.[ch] tests/*.[ch] tests/*/*.[ch]))

# Apart from the programs, as one of those is called csumtool like the folder of its source.
OBJ := $(BUILD)/obj
objects = $(patsubst %.c,$(OBJ)/%.o,$(1))
programs = $(patsubst %.c,$(BUILD)/%,$(1))

LIB := $(if $(LIB_SRCS),$(BUILD)/libcsum.a)
PROG := $(if $(PROG_SRCS),$(BUILD)/csumtool)
# What the commands are made of, so that unit tests reach it too.
PROG_PARTS := $(if $(PROG_SRCS),$(OBJ)/csumtool.a)
TEST_PROGS := $(call programs,$(UNIT_SRCS) $(CRASH_SRCS) $(DAMAGE_SRCS))
FUZZ_TEST_PROGS := $(call programs,$(FUZZ_TEST_SRCS))
PRELOADS := $(patsubst %,%.so,$(call programs,$(PRELOAD_SRCS)))
CLI_HELPERS := $(call programs,$(CLI_HELPER_SRCS)) $(PRELOADS)
FUZZ_PROGS := $(call programs,$(FUZZ_SRCS))

# ---- Packages

# ISA-L is not packaged for every architecture; lib/checksum_portable.c does its work where it is missing.
ISAL_PKG = $(eval ISAL_PKG := $(if $(filter yes,$(ISAL)),libisal,$(if $(filter no,$(ISAL)),,$(shell \
	$(PKG_CONFIG) --exists libisal 2>/dev/null && echo libisal))))$(ISAL_PKG)
ISAL_CFLAGS = $(if $(ISAL_PKG),-DCSUM_ISAL)
LIB_PKGS = blkid $(ISAL_PKG)
PROG_PKGS := popt jansson
TEST_PKGS := cmocka zlib
CLI_HELPER_PKGS := fuse3 zlib
FUZZ_PKGS := zlib

# pkg-config is asked on first use, by when packages that were missing are installed; and once.
pkg_once = $(eval $(1) := $(shell $(PKG_CONFIG) $(2)))$($(1))
LIB_PKG_CFLAGS = $(call pkg_once,LIB_PKG_CFLAGS,--cflags $(LIB_PKGS))
LIB_PKG_LIBS = $(call pkg_once,LIB_PKG_LIBS,--libs $(LIB_PKGS))
PROG_PKG_CFLAGS = $(call pkg_once,PROG_PKG_CFLAGS,--cflags $(PROG_PKGS))
PROG_PKG_LIBS = $(call pkg_once,PROG_PKG_LIBS,--libs $(PROG_PKGS))
TEST_PKG_CFLAGS = $(call pkg_once,TEST_PKG_CFLAGS,--cflags $(TEST_PKGS))
TEST_PKG_LIBS = $(call pkg_once,TEST_PKG_LIBS,--libs $(TEST_PKGS))
CLI_HELPER_PKG_CFLAGS = $(call pkg_once,CLI_HELPER_PKG_CFLAGS,--cflags $(CLI_HELPER_PKGS))
CLI_HELPER_PKG_LIBS = $(call pkg_once,CLI_HELPER_PKG_LIBS,--libs $(CLI_HELPER_PKGS))
FUZZ_PKG_LIBS = $(call pkg_once,FUZZ_PKG_LIBS,--libs $(FUZZ_PKGS))

# Fails, naming the Debian packages, when one of the pkg-config modules $(1) is not found; $(2)
# is the group of tests/deps.sh it is from.
define require_pkgs
@absent=; for m in $(1); do $(PKG_CONFIG) --exists $$m 2>/dev/null || absent="$$absent $$m"; done; \
if [ -n "$$absent" ]; then \
	names=$$(tests/deps.sh missing $(2)); [ -n "$$names" ] || names=$$(tests/deps.sh list $(2)); \
	echo "Not found by $(PKG_CONFIG):$$absent" >&2; \
	echo "Run \"make deps\", or install these (their names in Debian):" $$names >&2; \
	exit 1; \
fi
endef

# The groups of packages each goal needs. They are installed before anything is built.
NEED_demo := build demo
NEED_check := build test
NEED_crash := build test
NEED_damage := build test
NEED_portability := build test portability
NEED_bench := build test
NEED_sanitize := build test
NEED_lint := build test lint
NEED_fuzz := build fuzz
NEED := $(sort $(foreach goal,$(MAKECMDGOALS),$(NEED_$(firstword $(subst -, ,$(goal))))))
ifneq ($(DEPS),no)
ifneq ($(NEED),)
FIRST := deps-auto
endif
endif
# "make clean all", with -j too.
ifeq ($(firstword $(MAKECMDGOALS)),clean)
FIRST += clean
endif

deps-auto:
	@tests/deps.sh install $(NEED)

# ---- Compiling and linking

OUR_CFLAGS := -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Wall -Wextra -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -pthread
ifeq ($(WERROR),1)
OUR_CFLAGS += -Werror
endif
# INSTRUMENT is how sanitize and fuzz hand their flags to the make they start.
COMPILE = $(CC) $(OUR_CFLAGS) $(DEFAULT_CFLAGS) $(INSTRUMENT) -Ilib $(MODULE_CFLAGS) \
	$(CPPFLAGS) $(CFLAGS)
LINK = $(CC) -pthread $(DEFAULT_CFLAGS) $(INSTRUMENT) $(CFLAGS) $(LDFLAGS)

ifeq ($(V),1)
say =
Q :=
else
say = @printf '  %-7s %s\n' $(1) $(2)
Q := @
endif

# Writes $(1) into the target only where that changes it, so that what depends on it is rebuilt
# only then.
define stamp
@mkdir -p $(@D)
@printf '%s\n' '$(subst ','\'',$(1))' >$@.new; \
if cmp -s $@.new $@; then rm -f $@.new; else mv -f $@.new $@; fi
endef

FORCE:

$(BUILD)/flags: FORCE | $(FIRST)
	$(call require_pkgs,$(LIB_PKGS) $(PROG_PKGS),build)
	$(if $(ISAL_PKG)$(filter no,$(ISAL)),,@echo 'Without ISA-L, which $(PKG_CONFIG) does not find: checksums will be slower')
	$(call stamp,$(COMPILE) | $(LINK) $(LDLIBS) | $(AR) | $(LIB_PKG_CFLAGS) $(LIB_PKG_LIBS) \
		$(PROG_PKG_CFLAGS) $(PROG_PKG_LIBS) | $(shell $(CC) --version 2>&1 | head -n 1))

$(OBJ)/tests.flags: FORCE | $(FIRST)
	$(call require_pkgs,$(TEST_PKGS),test)
	$(call stamp,$(TEST_PKG_CFLAGS) $(TEST_PKG_LIBS))

$(OBJ)/cli.flags: FORCE | $(FIRST)
	$(call require_pkgs,$(CLI_HELPER_PKGS),test)
	$(call stamp,$(CLI_HELPER_PKG_CFLAGS) $(CLI_HELPER_PKG_LIBS))

# Archives and programs are made anew when a source file comes or goes.
$(OBJ)/lib.sources: FORCE | $(FIRST)
	$(call stamp,$(LIB_SRCS))
$(OBJ)/csumtool.sources: FORCE | $(FIRST)
	$(call stamp,$(PROG_SRCS))
$(OBJ)/tests.sources: FORCE | $(FIRST)
	$(call stamp,$(HELPER_SRCS) $(FUZZ_HELPER_SRCS))

# Private, or the flags file would inherit those of whichever object asks for it first.
MODULE_CFLAGS :=
$(OBJ)/lib/%.o: private MODULE_CFLAGS = $(ISAL_CFLAGS) $(LIB_PKG_CFLAGS)
$(OBJ)/csumtool/%.o: private MODULE_CFLAGS = $(PROG_PKG_CFLAGS)
TEST_INCLUDES := -Itests/unit -Itests/crash -Itests/damage
$(OBJ)/tests/unit/%.o $(OBJ)/tests/crash/%.o $(OBJ)/tests/damage/%.o: \
	private MODULE_CFLAGS = $(TEST_INCLUDES) $(LIB_PKG_CFLAGS) $(PROG_PKG_CFLAGS) $(TEST_PKG_CFLAGS)
$(OBJ)/tests/fuzz/%.o: private MODULE_CFLAGS = $(TEST_INCLUDES) -Itests/fuzz $(LIB_PKG_CFLAGS) $(FUZZ_CFLAGS)
$(OBJ)/tests/cli/%.o: private MODULE_CFLAGS = -Itests/cli $(LIB_PKG_CFLAGS) $(CLI_HELPER_PKG_CFLAGS)
# Never instrumented: it is loaded ahead of the sanitizers of the program.
$(call objects,$(PRELOAD_SRCS)): private MODULE_CFLAGS = -fPIC
$(call objects,$(PRELOAD_SRCS)) $(PRELOADS): private override INSTRUMENT =

$(call objects,$(ALL_SRCS)): $(OBJ)/%.o: %.c $(BUILD)/flags
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(call objects,$(UNIT_SRCS) $(CRASH_SRCS) $(FUZZ_TEST_SRCS) $(HELPER_SRCS)): $(OBJ)/tests.flags
$(call objects,$(CLI_HELPER_SRCS)): $(OBJ)/cli.flags

# A member whose source is gone has to go too, so never update an archive.
define archive
$(call say,AR,$@)
@rm -f $@
$(Q)$(AR) rcs $@ $(filter %.o,$^)
endef

$(BUILD)/libcsum.a: $(call objects,$(LIB_SRCS)) $(OBJ)/lib.sources
	$(archive)

$(OBJ)/csumtool.a: $(call objects,$(filter-out csumtool/main.c,$(PROG_SRCS))) \
		$(OBJ)/csumtool.sources
	$(archive)

# Fuzz targets take of the test helpers what they use.
$(OBJ)/helpers.a: $(call objects,$(HELPER_SRCS)) $(OBJ)/tests.sources
	$(archive)

$(BUILD)/csumtool: $(call objects,$(PROG_SRCS)) $(LIB) $(OBJ)/csumtool.sources $(BUILD)/flags
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LIB) $(PROG_PKG_LIBS) $(LIB_PKG_LIBS) $(LDLIBS)

$(TEST_PROGS): $(BUILD)/%: $(OBJ)/%.o $(call objects,$(HELPER_SRCS)) $(PROG_PARTS) $(LIB) \
		$(OBJ)/tests.sources $(BUILD)/flags
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(PROG_PARTS) $(LIB) \
		$(TEST_PKG_LIBS) $(PROG_PKG_LIBS) $(LIB_PKG_LIBS) $(LDLIBS)

$(FUZZ_TEST_PROGS): $(BUILD)/%: $(OBJ)/%.o $(call objects,$(FUZZ_HELPER_SRCS)) $(LIB) \
		$(OBJ)/tests.sources $(BUILD)/flags
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LIB) $(TEST_PKG_LIBS) $(LIB_PKG_LIBS) $(LDLIBS)

$(filter-out $(PRELOADS),$(CLI_HELPERS)): $(BUILD)/%: $(OBJ)/%.o $(LIB) $(BUILD)/flags
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $< $(LIB) $(CLI_HELPER_PKG_LIBS) $(LIB_PKG_LIBS) $(LDLIBS)

$(PRELOADS): $(BUILD)/%.so: $(OBJ)/%.o $(BUILD)/flags
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -shared -o $@ $< $(LDLIBS)

$(FUZZ_PROGS): $(BUILD)/%: $(OBJ)/%.o $(call objects,$(FUZZ_HELPER_SRCS)) \
		$(OBJ)/helpers.a $(LIB) $(BUILD)/flags
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(OBJ)/helpers.a $(LIB) \
		$(FUZZ_PKG_LIBS) $(LIB_PKG_LIBS) $(LDLIBS)

-include $(patsubst %.o,%.d,$(call objects,$(ALL_SRCS)))

## all: builds the program and the library (the default goal); installs no packages
all: $(LIB) $(PROG)

# Everything there is to compile, for lint: fuzz targets as objects, since only clang links them.
tests: $(TEST_PROGS) $(FUZZ_TEST_PROGS) $(CLI_HELPERS) $(call objects,$(FUZZ_SRCS) $(FUZZ_HELPER_SRCS))

fuzz-programs: $(FUZZ_PROGS)

## deps: installs the Debian packages that are missing
deps:
	@tests/deps.sh install

# ---- Running

RUN_ENV = CSUMTOOL='$(abspath $(BUILD)/csumtool)' BUILD='$(abspath $(BUILD))'

## demo: shows the main job done on a real file system image
demo: all | $(FIRST)
	@$(RUN_ENV) tests/demo.sh

## bench: measures the speed against that of dd
bench: all | $(FIRST)
	@$(RUN_ENV) tests/bench/bench.sh

# Of the test names $(1), those TESTS asks for.
select = $(if $(TESTS),$(shell set -f; for name in $(1); do for word in $(TESTS); do \
	case $$name in (*$$word*) echo $$name; break;; esac; done; done),$(1))
# $(1) are names: the stems of test programs; bats files and scripts as they are.
runnable = $(addprefix $(abspath $(BUILD))/,$(filter-out %.bats %.sh %.py,$(1))) $(filter %.bats %.sh %.py,$(1))
built_for = $(addprefix $(BUILD)/,$(filter-out %.bats %.sh %.py,$(1))) \
	$(if $(filter %.bats %.py,$(1)),$(PROG) $(CLI_HELPERS))

CHECK_NAMES := $(call select,$(UNIT_SRCS:.c=) $(CRASH_SRCS:.c=) $(DAMAGE_SRCS:.c=) $(FUZZ_TEST_SRCS:.c=) $(SCRIPTS) $(BATS))
CRASH_NAMES := $(call select,$(CRASH_SRCS:.c=) $(SCRIPTS) tests/cli/kill.bats tests/cli/each_call.bats)

## check: runs the unit, crash, damage and command-line tests
check: $(if $(TESTS),,all) $(call built_for,$(CHECK_NAMES)) | $(FIRST)
	@$(RUN_ENV) tests/run $(call runnable,$(CHECK_NAMES))

HEAL_TESTS := $(BUILD)/tests/unit/test_heal $(BUILD)/tests/unit/test_heal_unique

## damage: plants 100,000 damages, and tries healing and the guard in full; prints what became of it all, as tables
damage: $(BUILD)/tests/damage/test_damage $(HEAL_TESTS) $(PROG) $(CLI_HELPERS) | $(FIRST)
	@status=0; export CSUM_CAMPAIGN=$${CSUM_CAMPAIGN:-long}; \
		CSUM_DAMAGES=$${CSUM_DAMAGES:-100000} $(BUILD)/tests/damage/test_damage || status=1; \
		for test in $(HEAL_TESTS); do CSUM_HEAL_TRIALS=$${CSUM_HEAL_TRIALS:-full} $$test || status=1; done; \
		$(RUN_ENV) tests/damage/others.py || status=1; \
		$(RUN_ENV) tests/damage/decay.py || status=1; exit $$status

## crash: runs the crash tests in full, over a million states, and prints their figures
crash: $(call built_for,$(CRASH_NAMES)) | $(FIRST)
	@rm -f '$(BUILD)/crash-figures'
	@CSUM_CRASH_STATES=$${CSUM_CRASH_STATES:-full} TEST_TIMEOUT=$${TEST_TIMEOUT:-7200} JOBS=1 \
		CSUM_KILL_ROUNDS=$${CSUM_KILL_ROUNDS:-2000} CSUM_CALL_STRIDE=$${CSUM_CALL_STRIDE:-1} \
		CSUM_CRASH_REPORT='$(abspath $(BUILD))/crash-figures' \
		$(RUN_ENV) tests/run $(call runnable,$(CRASH_NAMES)); status=$$?; \
		[ ! -f '$(BUILD)/crash-figures' ] || cat '$(BUILD)/crash-figures'; exit $$status

## portability: builds for s390x and i386 and runs unit and command-line tests with qemu; not a part of check
portability: | $(FIRST)
	@BUILD='$(BUILD)' tests/portability.sh

# gcc's shared libubsan ignores log_path beside libasan, and tests/run counts the logs; clang does
# not know the option, and needs none.
STATIC_UBSAN = $(shell echo 'int main(void) { return 0; }' | $(CC) -Werror -fsanitize=undefined \
	-static-libubsan -x c - -o /dev/null 2>/dev/null && echo -static-libubsan)

## sanitize: runs unit, crash and some command-line tests under sanitizers
sanitize: | $(FIRST)
	@CSUM_CRASH_STATES=$${CSUM_CRASH_STATES:-20000} CSUM_KILL_ROUNDS=$${CSUM_KILL_ROUNDS:-40} \
		CSUM_CALL_STRIDE=$${CSUM_CALL_STRIDE:-397} $(MAKE) check BUILD='$(BUILD)-sanitize' \
		DEPS=no SCRIPTS= BATS='$(SANITIZE_BATS)' INSTRUMENT='-O1 -g -fno-omit-frame-pointer \
		-fsanitize=$(SANITIZE) -fno-sanitize-recover=all $(STATIC_UBSAN)'

## fuzz: runs each fuzz target for FUZZ_SECONDS
fuzz: | $(FIRST)
	$(call require_tool,$(FUZZ_CC))
	@[ -n '$(FUZZ_SRCS)' ] || { echo 'fuzz: there is no tests/fuzz/fuzz_*.c' >&2; exit 1; }
	@$(MAKE) fuzz-programs BUILD='$(BUILD)-fuzz' CC='$(FUZZ_CC)' DEPS=no \
		INSTRUMENT='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,$(SANITIZE) \
		-fno-sanitize-recover=all' FUZZ_CFLAGS='-O2 -fno-sanitize=fuzzer-no-link'
	@for name in $(patsubst tests/fuzz/%,%,$(call select,$(FUZZ_SRCS:.c=))); do \
		dir='$(BUILD)-fuzz'; corpus=$$dir/corpus/$$name; mkdir -p $$corpus; \
		finds=tests/fuzz/corpus/$$name; [ -d $$finds ] || finds=; \
		echo "  FUZZ    $$name"; \
		CSUM_FUZZ_SEEDS=$$corpus $$dir/tests/fuzz/$$name -max_total_time=$(FUZZ_SECONDS) \
			-timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=128 -verbosity=0 \
			-print_final_stats=1 -artifact_prefix=$$dir/$$name- $$corpus $$finds || exit 1; \
	done

# ---- Lint

define require_tool
@command -v $(1) >/dev/null || { \
	echo '$@: $(1) is missing: run "make deps"' >&2; exit 1; }
endef

## lint: compiles with gcc and clang, -Werror; checks format, C, shell, manual and licence lines
lint: lint-gcc lint-clang lint-format lint-cppcheck lint-shell lint-man lint-spdx

lint-gcc lint-clang: lint-%: | $(FIRST)
	$(call say,LINT,$*)
	$(call require_tool,$*)
	@$(MAKE) all tests BUILD='$(BUILD)-$*' CC=$* WERROR=1 DEPS=no

lint-format: | $(FIRST)
	$(call say,LINT,clang-format)
	$(call require_tool,clang-format)
	$(Q)$(if $(C_FILES),clang-format --dry-run --Werror $(C_FILES))

# It takes -1 for the descriptor of mmap(2) amiss, and does not see through out parameters across files.
CPPCHECK := cppcheck --quiet --std=c11 --library=posix --enable=warning,performance,portability \
	--error-exitcode=1 --inline-suppr --suppress=missingIncludeSystem \
	--suppress=invalidFunctionArg --suppress=ctunullpointer --suppress=ctuuninitvar \
	-D_GNU_SOURCE -D__linux__ -Ilib $(TEST_INCLUDES)
lint-cppcheck: | $(FIRST)
	$(call say,LINT,cppcheck)
	$(call require_tool,cppcheck)
	$(Q)$(if $(ALL_SRCS),$(CPPCHECK) $(ALL_SRCS))

# Scripts are found by their suffix or their first line. In bats files, variables come from
# helpers that shellcheck does not see: SC2154; and helpers set variables for others: SC2034.
SHELLCHECK := shellcheck --external-sources --exclude=SC1091
lint-shell: | $(FIRST)
	$(call say,LINT,shellcheck)
	$(call require_tool,shellcheck)
	$(Q)find . \( -path ./.git -o -path './build*' -o -path './$(BUILD)*' \) -prune \
		-o -type f -print | sort | { status=0; \
		while IFS= read -r f; do case $$f in \
		*.bats) $(SHELLCHECK),SC2154 --shell=bats "$$f";; \
		*.bash) $(SHELLCHECK),SC2154,SC2034 --shell=bash "$$f";; \
		*.sh) $(SHELLCHECK) "$$f";; \
		*.[ch]) ;; \
		*) ! head -n 1 "$$f" | grep -qaE '^#!.*[/ ](ba|da)?sh( |$$)' || $(SHELLCHECK) "$$f";; \
		esac || status=1; done; exit $$status; }

lint-man: | $(FIRST)
	$(call say,LINT,mandoc)
	$(call require_tool,mandoc)
	$(Q)$(if $(wildcard man/*.8),mandoc -T lint -W warning $(wildcard man/*.8))

lint-spdx: | $(FIRST)
	$(call say,LINT,SPDX)
	$(Q)find lib csumtool tests -name '*.[ch]' -o -name '*.sh' | sort | { status=0; \
		while IFS= read -r f; do \
		case $$f in lib/*) id=LGPL-2.1-or-later;; *) id=GPL-2.0-or-later;; esac; \
		head -n 3 "$$f" | grep -qE "SPDX-License-Identifier: $$id( \*/)?$$" || { \
			echo "$$f: no line \"SPDX-License-Identifier: $$id\" at its top" >&2; \
			status=1; }; \
		done; exit $$status; }

# ---- Installing

## install: installs program, manual page and bash completion below DESTDIR and PREFIX
install: all
	$(INSTALL) -d '$(DESTDIR)$(bindir)' '$(DESTDIR)$(mandir)/man8' '$(DESTDIR)$(completiondir)'
	$(INSTALL_PROGRAM) $(BUILD)/csumtool '$(DESTDIR)$(bindir)/csumtool'
	$(INSTALL_DATA) man/csumtool.8 '$(DESTDIR)$(mandir)/man8/csumtool.8'
	$(INSTALL_DATA) completion/csumtool.bash '$(DESTDIR)$(completiondir)/csumtool'

## uninstall: removes the files install put there, and nothing else
uninstall:
	rm -f '$(DESTDIR)$(bindir)/csumtool' '$(DESTDIR)$(mandir)/man8/csumtool.8' \
		'$(DESTDIR)$(completiondir)/csumtool'

## clean: removes the output directories
clean:
	rm -rf '$(BUILD)' $(patsubst %,'$(BUILD)-%',sanitize gcc clang fuzz portability)

## help: shows this
help:
	@echo 'Goals:'
	@sed -n 's/^## \([a-z]*\): /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r goal text; \
		do printf '  %-11s %s\n' "$$goal" "$$text"; done
	@echo
	@sed -n 's/^#: \{0,1\}//p' Makefile
