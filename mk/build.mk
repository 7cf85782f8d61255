# SPDX-License-Identifier: GPL-2.0-or-later
#
# Compiling and linking. Included by the Makefile.

OUR_CFLAGS := -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Wall -Wextra -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -pthread
ifeq ($(WERROR),1)
OUR_CFLAGS += -Werror
endif
# sanitize and fuzz hand their flags in INSTRUMENT to the make that they start.
COMPILE = $(CC) $(OUR_CFLAGS) $(DEFAULT_CFLAGS) $(INSTRUMENT) $(MODULE_CFLAGS) \
	$(CPPFLAGS) $(CFLAGS)
LINK = $(CC) -pthread $(DEFAULT_CFLAGS) $(INSTRUMENT) $(CFLAGS) $(LDFLAGS)

ifeq ($(V),1)
say =
Q :=
else
say = @printf '  %-7s %s\n' $(1) $(2)
Q := @
endif

# Writes $(1) into the target only if that changes it, so that files made from the target are rebuilt only then.
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

# MODULE_CFLAGS is private to each object; otherwise the flags file would inherit those of the first object to need it.
MODULE_CFLAGS :=
# The program sees nothing of the library but its public header.
LIB_INCLUDES := -Ilib -Iinclude
PROG_INCLUDES := -Icsumtool -Iinclude
TEST_INCLUDES := $(LIB_INCLUDES) -Itests -Icsumtool
# The same objects are in both libraries.
$(OBJ)/lib/%.o: private MODULE_CFLAGS = $(LIB_INCLUDES) -fPIC -fno-semantic-interposition -fvisibility=hidden \
	$(ISAL_CFLAGS) $(LIB_PKG_CFLAGS)
$(OBJ)/csumtool/%.o: private MODULE_CFLAGS = $(PROG_INCLUDES) $(PROG_PKG_CFLAGS)
$(OBJ)/tests/support/%.o $(OBJ)/tests/unit/%.o $(OBJ)/tests/crash/%.o $(OBJ)/tests/damage/%.o: \
	private MODULE_CFLAGS = $(TEST_INCLUDES) $(LIB_PKG_CFLAGS) $(PROG_PKG_CFLAGS) $(TEST_PKG_CFLAGS)
$(OBJ)/tests/fuzz/%.o: private MODULE_CFLAGS = $(TEST_INCLUDES) $(LIB_PKG_CFLAGS) $(FUZZ_CFLAGS)
$(OBJ)/tests/cli/%.o: private MODULE_CFLAGS = $(TEST_INCLUDES) $(LIB_PKG_CFLAGS) $(CLI_HELPER_PKG_CFLAGS)
# Never instrumented, as they are loaded ahead of the program's sanitizers.
$(call objects,$(PRELOAD_SRCS)): private MODULE_CFLAGS = -fPIC
$(call objects,$(PRELOAD_SRCS)) $(PRELOADS): private override INSTRUMENT =

# The file of dependencies names $(OBJ) as such, so that it also holds when BUILD is given as an absolute path the next
# time.
$(call objects,$(ALL_SRCS)): $(OBJ)/%.o: %.c $(BUILD)/flags
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MMD -MP -MT '$$(OBJ)/$*.o' -c -o $@ $<

$(call objects,$(UNIT_SRCS) $(CRASH_SRCS) $(FUZZ_TEST_SRCS) $(HELPER_SRCS)): $(OBJ)/tests.flags
$(call objects,$(CLI_HELPER_SRCS)): $(OBJ)/cli.flags

# A member must go when its source is gone, so an archive is made anew, never updated. And members are never replaced
# (r), since files of different folders have the same name.
define archive
$(call say,AR,$@)
@rm -f $@
$(Q)$(AR) qcs $@ $(filter %.o,$^)
endef

$(BUILD)/libcsum.a: $(call objects,$(LIB_SRCS)) $(OBJ)/lib.sources
	$(archive)

# Clang leaves the symbols of a sanitizer for the program to define.
$(BUILD)/$(SONAME): $(call objects,$(LIB_SRCS)) $(OBJ)/lib.sources lib/libcsum.map $(BUILD)/flags
	$(call say,LD,$@)
	$(Q)$(LINK) -shared -Wl,-soname,$(SONAME) -Wl,--version-script,lib/libcsum.map -Wl,-Bsymbolic-functions \
		$(if $(INSTRUMENT),,-Wl,-z,defs) -o $@ $(filter %.o,$^) $(LIB_PKG_LIBS) $(LDLIBS)

$(OBJ)/csumtool.a: $(call objects,$(filter-out csumtool/main.c,$(PROG_SRCS))) \
		$(OBJ)/csumtool.sources
	$(archive)

# Fuzz targets take from the test helpers only the ones that they use.
$(OBJ)/helpers.a: $(call objects,$(HELPER_SRCS)) $(OBJ)/tests.sources
	$(archive)

# Linked with the archive, so that the program works wherever it is copied, and never meets a library of another
# version.
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

$(FUZZ_TEST_PROGS): $(BUILD)/%: $(OBJ)/%.o $(call objects,$(FUZZ_HELPER_SRCS)) \
		$(OBJ)/helpers.a $(LIB) $(OBJ)/tests.sources $(BUILD)/flags
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(OBJ)/helpers.a $(LIB) $(TEST_PKG_LIBS) $(LIB_PKG_LIBS) $(LDLIBS)

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

## all: builds the program and both libraries (the default goal); installs no packages
all: $(LIB) $(SHARED) $(PROG)

# Everything that can be compiled, for lint; fuzz targets as objects, since only clang links them.
tests: $(TEST_PROGS) $(FUZZ_TEST_PROGS) $(CLI_HELPERS) $(call objects,$(FUZZ_SRCS) $(FUZZ_HELPER_SRCS))

fuzz-programs: $(FUZZ_PROGS)

# Not part of "all", as a program for another machine may not run here. tests/cli/help.bats compares the two.
## completion: brings the bash completion up to date with the tables of commands and options
completion: $(PROG)
	$(Q)completion/tables.sh $(PROG) completion/csumtool.bash >$(BUILD)/csumtool.bash
	$(Q)cp $(BUILD)/csumtool.bash completion/csumtool.bash

## deps: installs the Debian packages that are missing
deps:
	@tests/deps.sh install
