/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout against worked examples. test_layout_model.c has the comparison with a model. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "format.h"
#include "layout.h"

#define MIB (UINT64_C(1) << 20)
#define FRAME (MIB + 65536) /* of a metadata device: all but the clusters */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Where a data sector lies, and the copies of its group's imd sector; data_offset 0 ends a list (internal). */
struct place {
	uint64_t data_sector, data_offset, imd_offset[2];
};

struct example {
	bool external;
	uint64_t size; /* of the data device, when external; data_sectors 0: refused */
	uint32_t sector_size, interleave;
	uint64_t data_sectors, groups;
	struct place places[6];
};

/* clang-format off */
static const struct example examples[] = {
	{ .external = false, .size = 1115136, .sector_size = 512, .interleave = 2048,
	  .data_sectors = 0, .groups = 0,
	  .places = {
	  } },
	{ .external = false, .size = 1118208, .sector_size = 512, .interleave = 2048,
	  .data_sectors = 6, .groups = 1,
	  .places = {
		{ 0, 1049088, { 1048576, 1052160 } },
		{ 3, 1050624, { 1048576, 1052160 } },
		{ 5, 1051648, { 1048576, 1052160 } },
	  } },
	{ .external = false, .size = 1123004, .sector_size = 512, .interleave = 1,
	  .data_sectors = 14, .groups = 1,
	  .places = {
		{ 0, 1049088, { 1048576, 1056256 } },
		{ 7, 1052672, { 1048576, 1056256 } },
		{ 13, 1055744, { 1048576, 1056256 } },
	  } },
	{ .external = false, .size = 1146880, .sector_size = 512, .interleave = 1,
	  .data_sectors = 62, .groups = 1,
	  .places = {
		{ 0, 1049088, { 1048576, 1080832 } },
		{ 31, 1064960, { 1048576, 1080832 } },
		{ 61, 1080320, { 1048576, 1080832 } },
	  } },
	{ .external = false, .size = 1147904, .sector_size = 512, .interleave = 2,
	  .data_sectors = 62, .groups = 1,
	  .places = {
		{ 0, 1049088, { 1048576, 1080832 } },
		{ 31, 1064960, { 1048576, 1080832 } },
		{ 61, 1080320, { 1048576, 1080832 } },
	  } },
	{ .external = false, .size = 1150976, .sector_size = 512, .interleave = 2,
	  .data_sectors = 68, .groups = 2,
	  .places = {
		{ 0, 1049600, { 1048576, 1084416 } },
		{ 34, 1067008, { 1048576, 1084416 } },
		{ 61, 1080832, { 1048576, 1084416 } },
		{ 62, 1081344, { 1049088, 1084928 } },
		{ 67, 1083904, { 1049088, 1084928 } },
	  } },
	{ .external = false, .size = 1290240, .sector_size = 512, .interleave = 2,
	  .data_sectors = 332, .groups = 6,
	  .places = {
		{ 0, 1049600, { 1048576, 1113088 } },
		{ 61, 1080832, { 1048576, 1113088 } },
		{ 62, 1081344, { 1049088, 1113600 } },
		{ 124, 1115136, { 1114112, 1178624 } },
		{ 166, 1136640, { 1114112, 1178624 } },
		{ 331, 1223168, { 1180160, 1224192 } },
	  } },
	{ .external = false, .size = 1122304, .sector_size = 4096, .interleave = 32,
	  .data_sectors = 0, .groups = 0,
	  .places = {
	  } },
	{ .external = false, .size = 1126400, .sector_size = 4096, .interleave = 32,
	  .data_sectors = 1, .groups = 1,
	  .places = {
		{ 0, 1052672, { 1048576, 1056768 } },
	  } },
	{ .external = false, .size = 7413760, .sector_size = 4096, .interleave = 2,
	  .data_sectors = 1530, .groups = 3,
	  .places = {
		{ 0, 1056768, { 1048576, 5234688 } },
		{ 509, 3141632, { 1048576, 5234688 } },
		{ 510, 3145728, { 1052672, 5238784 } },
		{ 765, 4190208, { 1052672, 5238784 } },
		{ 1020, 5246976, { 5242880, 7335936 } },
		{ 1529, 7331840, { 5242880, 7335936 } },
	  } },
	{ .external = false, .size = 7417856, .sector_size = 4096, .interleave = 2,
	  .data_sectors = 1531, .groups = 4,
	  .places = {
		{ 0, 1056768, { 1048576, 5234688 } },
		{ 509, 3141632, { 1048576, 5234688 } },
		{ 510, 3145728, { 1052672, 5238784 } },
		{ 765, 4190208, { 1052672, 5238784 } },
		{ 1020, 5251072, { 5242880, 7344128 } },
		{ 1530, 7340032, { 5246976, 7348224 } },
	  } },
	{ .external = false, .size = 1000000000, .sector_size = 512, .interleave = 2048,
	  .data_sectors = 1889976, .groups = 30484,
	  .places = {
		{ 0, 2097152, { 1048576, 67108864 } },
		{ 61, 2128384, { 1048576, 67108864 } },
		{ 62, 2128896, { 1049088, 67109376 } },
		{ 126976, 69206016, { 68157440, 134217728 } },
		{ 944988, 500611072, { 471273984, 537334272 } },
		{ 1889975, 999003648, { 941499904, 999931392 } },
	  } },
	{ .external = false, .size = 1000000000, .sector_size = 4096, .interleave = 32,
	  .data_sectors = 242914, .groups = 477,
	  .places = {
		{ 0, 1179648, { 1048576, 68026368 } },
		{ 509, 3264512, { 1048576, 68026368 } },
		{ 510, 3268608, { 1052672, 68030464 } },
		{ 16320, 68288512, { 68157440, 135135232 } },
		{ 121457, 500502528, { 470867968, 537845760 } },
		{ 242913, 999809024, { 940687360, 999927808 } },
	  } },
	{ .external = false, .size = UINT64_C(20000000000000), .sector_size = 4096, .interleave = 32,
	  .data_sectors = UINT64_C(4863738742), .groups = 9536743,
	  .places = {
		{ 0, 1179648, { 1048576, 68026368 } },
		{ 509, 3264512, { 1048576, 68026368 } },
		{ 510, 3268608, { 1052672, 68030464 } },
		{ 16320, 68288512, { 68157440, 135135232 } },
		{ UINT64_C(2431869371), UINT64_C(10000000462848), { UINT64_C(9999960059904), UINT64_C(10000027037696) } },
		{ UINT64_C(4863738741), UINT64_C(19999999901696), { UINT64_C(19999986049024), UINT64_C(19999999930368) } },
	  } },
	{ .external = false, .size = UINT64_C(20000000000000), .sector_size = 512, .interleave = 2048,
	  .data_sectors = UINT64_C(37841794766), .groups = 610351529,
	  .places = {
		{ 0, 2097152, { 1048576, 67108864 } },
		{ 61, 2128384, { 1048576, 67108864 } },
		{ 62, 2128896, { 1049088, 67109376 } },
		{ 126976, 69206016, { 68157440, 134217728 } },
		{ UINT64_C(18920897383), UINT64_C(10000000273920), { UINT64_C(9999960614912), UINT64_C(10000026675200) } },
		{ UINT64_C(37841794765), UINT64_C(19999999716352), { UINT64_C(19999986241536), UINT64_C(19999999933952) } },
	  } },
	{ .external = true, .size = 10000000, .sector_size = 512, .interleave = 3,
	  .data_sectors = 19531, .groups = 316,
	  .places = {
		{ 0, 0, { 1048576, 1050112 } },
		{ 61, 31232, { 1048576, 1050112 } },
		{ 62, 31744, { 1049088, 1050624 } },
		{ 186, 95232, { 1051648, 1053184 } },
		{ 9765, 4999680, { 1208832, 1210368 } },
		{ 19530, 9999360, { 1371136, 1371648 } },
	  } },
	{ .external = true, .size = 1000000512, .sector_size = 4096, .interleave = 32,
	  .data_sectors = 244140, .groups = 479,
	  .places = {
		{ 0, 0, { 1048576, 1179648 } },
		{ 509, 2084864, { 1048576, 1179648 } },
		{ 510, 2088960, { 1052672, 1183744 } },
		{ 16320, 66846720, { 1310720, 1441792 } },
		{ 122070, 499998720, { 2945024, 3076096 } },
		{ 244139, 999993344, { 4841472, 4968448 } },
	  } },
};
/* clang-format on */
