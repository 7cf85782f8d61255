# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packages that are needed: how pkg-config and Debian call them, and installing them. Included by the Makefile.

# ISA-L is not packaged for every architecture; lib/base/checksum_portable.c takes its place where it is missing.
ISAL_PKG = $(eval ISAL_PKG := $(if $(filter yes,$(ISAL)),libisal,$(if $(filter no,$(ISAL)),,$(shell \
	$(PKG_CONFIG) --exists libisal 2>/dev/null && echo libisal))))$(ISAL_PKG)
ISAL_CFLAGS = $(if $(ISAL_PKG),-DCSUM_ISAL)
LIB_PKGS = blkid mount uuid $(ISAL_PKG)
PROG_PKGS := popt jansson uuid
TEST_PKGS := cmocka zlib
CLI_HELPER_PKGS := fuse3 zlib
FUZZ_PKGS := zlib

# pkg-config is asked only once, on first use: missing packages are installed by then.
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

# Fails, naming the Debian packages, when one of the pkg-config modules $(1) is not found; $(2) is their group in
# tests/deps.sh.
define require_pkgs
@absent=; for m in $(1); do $(PKG_CONFIG) --exists $$m 2>/dev/null || absent="$$absent $$m"; done; \
if [ -n "$$absent" ]; then \
	names=$$(tests/deps.sh missing $(2)); [ -n "$$names" ] || names=$$(tests/deps.sh list $(2)); \
	echo "Not found by $(PKG_CONFIG):$$absent" >&2; \
	echo "Run \"make deps\", or install these (their names in Debian):" $$names >&2; \
	exit 1; \
fi
endef

# The groups of packages that each goal needs. They are installed before anything is built.
NEED_demo := build demo
NEED_check := build test
NEED_crash := build test
NEED_damage := build test
NEED_portability := build test portability
NEED_bench := build bench
NEED_sanitize := build test
NEED_lint := build test lint
NEED_fuzz := build fuzz
NEED := $(sort $(foreach goal,$(MAKECMDGOALS),$(NEED_$(firstword $(subst -, ,$(goal))))))
ifneq ($(DEPS),no)
ifneq ($(NEED),)
FIRST := deps-auto
endif
endif
# For "make clean all", with -j too: clean comes first.
ifeq ($(firstword $(MAKECMDGOALS)),clean)
FIRST += clean
endif

deps-auto:
	@tests/deps.sh install $(NEED)
