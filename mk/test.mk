# SPDX-License-Identifier: GPL-2.0-or-later
#
# Goals that run something: tests, campaigns, fuzz targets, measurements. Included by the Makefile.

RUN_ENV = CSUMTOOL='$(abspath $(BUILD)/csumtool)' BUILD='$(abspath $(BUILD))'

## demo: shows the main job done on a real file system image
demo: all | $(FIRST)
	@$(RUN_ENV) tests/demo.sh

## bench: measures the speed against that of dd
bench: all | $(FIRST)
	@$(RUN_ENV) tests/bench/bench.py

# Selects from the test names $(1) the ones that TESTS asks for.
select = $(if $(TESTS),$(shell set -f; for name in $(1); do for word in $(TESTS); do \
	case $$name in (*$$word*) echo $$name; break;; esac; done; done),$(1))
# $(1) are names: for test programs their stems, for bats files and scripts their paths.
runnable = $(addprefix $(abspath $(BUILD))/,$(filter-out %.bats %.sh %.py,$(1))) $(filter %.bats %.sh %.py,$(1))
built_for = $(addprefix $(BUILD)/,$(filter-out %.bats %.sh %.py,$(1))) \
	$(if $(filter %.bats %.py,$(1)),$(PROG) $(SHARED) $(CLI_HELPERS))

CHECK_NAMES := $(call select,$(UNIT_SRCS:.c=) $(CRASH_SRCS:.c=) $(DAMAGE_SRCS:.c=) $(FUZZ_TEST_SRCS:.c=) $(SCRIPTS) $(BATS))
CRASH_NAMES := $(call select,$(CRASH_SRCS:.c=) $(SCRIPTS) tests/cli/kill.bats tests/cli/each_call.bats)

## check: runs the unit, crash, damage and command-line tests
check: $(if $(TESTS),,all) $(call built_for,$(CHECK_NAMES)) | $(FIRST)
	@$(RUN_ENV) tests/run $(call runnable,$(CHECK_NAMES))

# Unit tests that have a long form.
LONG_TESTS := $(addprefix $(BUILD)/tests/unit/,base/test_heal base/test_heal_unique whole/test_hostile)

## damage: plants 100,000 damages, and tries healing and the guard in full; prints what became of it all, as tables
damage: $(BUILD)/tests/damage/test_damage $(LONG_TESTS) $(PROG) $(CLI_HELPERS) | $(FIRST)
	@status=0; export CSUM_CAMPAIGN=$${CSUM_CAMPAIGN:-long}; \
		CSUM_DAMAGES=$${CSUM_DAMAGES:-100000} $(BUILD)/tests/damage/test_damage || status=1; \
		export CSUM_HEAL_TRIALS=$${CSUM_HEAL_TRIALS:-full} CSUM_HOSTILE_IMAGES=$${CSUM_HOSTILE_IMAGES:-10000}; \
		for test in $(LONG_TESTS); do $$test || status=1; done; \
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

# gcc's shared libubsan ignores log_path beside libasan, but tests/run counts the logs. Clang does not know the option,
# and needs none.
STATIC_UBSAN = $(shell echo 'int main(void) { return 0; }' | $(CC) -Werror -fsanitize=undefined \
	-static-libubsan -x c - -o /dev/null 2>/dev/null && echo -static-libubsan)

## sanitize: runs unit, crash and some command-line tests under sanitizers
sanitize: | $(FIRST)
	@CSUM_CRASH_STATES=$${CSUM_CRASH_STATES:-20000} CSUM_KILL_ROUNDS=$${CSUM_KILL_ROUNDS:-40} \
		CSUM_CALL_STRIDE=$${CSUM_CALL_STRIDE:-397} CSUM_HOSTILE_IMAGES=$${CSUM_HOSTILE_IMAGES:-1000} $(MAKE) check BUILD='$(BUILD)-sanitize' \
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
