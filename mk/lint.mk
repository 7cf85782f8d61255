# SPDX-License-Identifier: GPL-2.0-or-later
#
# Goals of linters. Included by the Makefile.

define require_tool
@command -v $(1) >/dev/null || { \
	echo '$@: $(1) is missing: run "make deps"' >&2; exit 1; }
endef

## lint: gcc and clang with -Werror; checks layers, symbols, sizes, words, format, C, shell, manual and licence lines
lint: lint-gcc lint-clang lint-layers lint-symbols lint-sizes lint-words lint-format lint-cppcheck lint-shell lint-man \
	lint-spdx

lint-gcc lint-clang: lint-%: | $(FIRST)
	$(call say,LINT,$*)
	$(call require_tool,$*)
	@$(MAKE) all tests BUILD='$(BUILD)-$*' CC=$* WERROR=1 DEPS=no

# Checks which rooms of the sources include which.
lint-layers:
	$(call say,LINT,layers)
	$(Q)tests/lint/layers.sh

# Checks which symbols leave the library, and which room calls which.
lint-symbols: $(LIB) $(SHARED)
	$(call say,LINT,symbols)
	$(Q)tests/lint/symbols.sh '$(BUILD)'

# How long functions and files are.
lint-sizes:
	$(call say,LINT,sizes)
	$(Q)tests/lint/sizes.sh

# No text of the library names the program.
lint-words:
	$(call say,LINT,words)
	$(Q)tests/lint/words.sh

lint-format: | $(FIRST)
	$(call say,LINT,clang-format)
	$(call require_tool,clang-format)
	$(Q)$(if $(C_FILES),clang-format --dry-run --Werror $(C_FILES))

# cppcheck complains of -1 as the descriptor of mmap(2), and does not see through out parameters across files.
CPPCHECK := cppcheck --quiet --std=c11 --library=posix --enable=warning,performance,portability \
	--error-exitcode=1 --inline-suppr --suppress=missingIncludeSystem \
	--suppress=invalidFunctionArg --suppress=ctunullpointer --suppress=ctuuninitvar \
	-D_GNU_SOURCE -D__linux__ $(TEST_INCLUDES)
lint-cppcheck: | $(FIRST)
	$(call say,LINT,cppcheck)
	$(call require_tool,cppcheck)
	$(Q)$(if $(ALL_SRCS),$(CPPCHECK) $(ALL_SRCS))

# Scripts are found by their suffix or their first line. In bats files, variables come from helpers that shellcheck does
# not see (SC2154), and helpers set variables for other files (SC2034).
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
	$(Q)find include lib csumtool tests examples -name '*.[ch]' -o -name '*.sh' | sort | { status=0; \
		while IFS= read -r f; do \
		case $$f in lib/*|include/*|examples/*) id=LGPL-2.1-or-later;; *) id=GPL-2.0-or-later;; esac; \
		head -n 3 "$$f" | grep -qE "SPDX-License-Identifier: $$id( \*/)?$$" || { \
			echo "$$f: no line \"SPDX-License-Identifier: $$id\" at its top" >&2; \
			status=1; }; \
		done; exit $$status; }
