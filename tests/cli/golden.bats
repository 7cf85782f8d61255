#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The bytes of volumes, compared by hash with those of version 1.0: a change of these breaks existing volumes. They are
# also verified by reference.py, which was written from format.md alone.

load common

setup() {
	common_setup
	export SOURCE_DATE_EPOCH=1700000000
	# This is written at byte 1000 of data space.
	seq 1 100000 | head -c 50000 >input
}
teardown() { common_teardown; }

uuid=01234567-89ab-cdef-0123-456789abcdef

reference() { python "$BATS_TEST_DIRNAME/reference.py" "$@"; }

# Layout, sector size, interleave, checksum; SHA-256 of the metadata device as normalised by reference.py, after format
# and after the write. The last group is short in all of them.
golden() {
	cat <<-'END'
		internal 512 1 crc32 2e9fe0fadc6f6fc01cc2979350419e19e527ae78778b5db8580235b1cda3c652 31faa2734b9fa63ae9434fc7498714aaea541b6e6eb47b5ad2a42c88182060cb
		internal 512 1 crc32c 5646d0a5c0afd5d0e27a76c8a1f505a7457c6266b99c48d8659877147127644d 9e003f6e193b7cbdfd290c053e2f7a54f10f1e712f5f1ff35b39a12834f9208d
		internal 512 1 crc64 ded5a838ead122e4e25a21c8fd72b920cdb3642b6b4a7726c317aa43f7902ada 79dd998bf943c1eb87a13ec101157c080817fd93589e9c70dbf72abdb79c7148
		internal 512 2 crc32 fc1a4a0e82faa9e9b087c313cdc469cd4deebae4ce726ccf279d414d633b1a1d c86aa5b95384e7d85c7db9a051c020cd7195b03d38c1d19399b2f92bf3bfcd64
		internal 512 2 crc32c 05e9af22f47876061b47bdd55109180543cdb78fd5c66edeb710896feb22543a 51bd915f35221e5f69d93e92204abd2e349e6ac0b317a0ba872340639c9c49a7
		internal 512 2 crc64 2d0f2d569500bdc208199d62758718651a4f609246d4372d9ceb4c0a562b2ce7 26fa5c4c6f9a05e7a8d4f78d7e8f23d31e3c6b6940a1775f31224bf08133bb50
		internal 512 3 crc32 ec0fe9516daa9584bdcaa97661d088cc07821e7e68fcd8bda5b812966782c066 0260f2224c9321c1983afb734222c74da42f1b2b77b05a7d52c9f110468a2c7e
		internal 512 3 crc32c b9589b353629d602d4ac6cf0d8badfa07cae8d60f7ecefdc1b1383a5c31a17ab edccdf8e1a7d28b558fa0ffd87e005899412916da6a2262f5ec2418249696194
		internal 512 3 crc64 30ca049e66826b35038e6085426180d697712d572968cea3acadfc6eef2e85bc f96a6854df323d3554606c4c0e6e9120d5b53a702273d80013f25e5a537d2ba5
		internal 512 default crc32 c4f8ccdc8f8aad0aa4a2413dca65e7a8c36a22788163af10e965a6db7f2f53eb 7a39278f6ed2ffe64abd4001ff20b668a7a846d32dfba26b6fdb17e6c01a1c10
		internal 512 default crc32c f45c6f80c74c77cd40ee1f8c0135278c37fb43979a56838a058bbf16d6f7eef0 9a03f5f06926905eaf35b860461b217a9c2fc415ff780e49b1b58abd70d61a6f
		internal 512 default crc64 36b91f8bcbbdfee677a804f399d6abca7359a78c25eb801050b7bf137aa12f12 eb875850711415fedcaefe9447149759f5a4190a306a923eac13e9e04b1cd2af
		internal 4096 1 crc32 2ba29cb9a377f9cb0e989e7f481c6a0ac6e99f69fdff9be117ecabe2180563e5 e5b826a7ca552be77844c6465b177466188df0426df1a5021bf4e539dd08af79
		internal 4096 1 crc32c 68d328d28dc1c1d98b3f0e2c3c94c75228cde501b3b75e5e134d0ee7893a91c2 acb9d8329e55da3e0bdf7243e65b65b5d1869f5d562ddf31aa80eee613d49efb
		internal 4096 1 crc64 0787e7b881d72e439906033a9669e44510af2cb45815a29c0090df05c9e57105 27d476f69497f80eb5b47521448692f83bc0456df7669445835ddfc1aa096d38
		internal 4096 2 crc32 542ff30e6fb8801dc87f90a9908cebc88bf69a0fda85967567a8e70b67c2aad4 e9fe13d573728f442ecca7efcc3f451ae434ec78c73c4adb4f59efabd59ca276
		internal 4096 2 crc32c 1356e0a55b098125ab0f9b054891e7e335ac4b20ab93fa6550a94961ac4a0cc0 30d2fc4ad05b20aaabd4b39b321aa2235a07be7ff756fa06e3a9550b638da2df
		internal 4096 2 crc64 55317fdd58920e771ff8bbc48ff2adbd076a35d51148607c302c56501778684c 2cf392a8b234579fd60bf5ca375c0aaf8a8e8eb5bd8c19cc839fec4dfab99cec
		internal 4096 3 crc32 92e0dd337187ed76162bb6da9edcf159f3d7d2b651cfe2092b77c65086f6da3f b8f0582aae188fbe7963de0462708941aba8f59a2d5fd0555f6769df6624bec3
		internal 4096 3 crc32c a1e9ad35fc6846345e60bc883209ce5747a8ac28cc79964995ee731e284b5271 cf9e5873bfaf8dd70b2c97c0587add8f312b91a6706f44e60e19f1978a08804f
		internal 4096 3 crc64 897c4efb4f1c6404615a5ebcfba9114195629e84c8f3190925185b8ad0b00d72 be72c197908461264b6878729d9fb0bb9efa9399abdd0427ad86c65adeb40f9d
		internal 4096 default crc32 8cb33741f3df62b6bb131bffa6288f86d70b74673fd63392d0921e29ce0ddc31 d48eff3350647433a3783bb4038372e42c9a8ee83fe27e0d17b9b1f95f7adada
		internal 4096 default crc32c 0f36f5e8a74a8d014fca4367bbeb469ad33e5791cd572522cbfa06866bb271be ade4f7f472e30be25054ea0db5790326bdf8f7d7c26de8accce31e878ca1da04
		internal 4096 default crc64 803dab03fe9ff1e6ba9d06e5ba8cffe9417fcc003aace4150b01065b9566f8a0 41df725f8902acaedb1469003611bb299a54f3c45b04c894e582b0af2729a287
		external 512 1 crc32 7c4623e789c5d2058f8a181e70328c9c33457d4f86831acda65eb5dedf62ca59 f87d52de5971cfa9a632e00e5d9c702c5b0779c20ce9d497d88f1dd8f8a80cc4
		external 512 1 crc32c 7ed2177ecc6c3535e1c9f42fd94666366e3784aa41c27c4ac61ca59cc7dfb559 477e6b57d370bb2c047ae9d1024683b06a53bee830e79ab1d99e9e976786a11e
		external 512 1 crc64 ca65af3d8db2792f7c59a5253aab30dd09609b8c2e6b771efe3cd956cd6b020a 49a0cb52a489dd1a6bbbf6f42b5d04f49e88ee2055ea6034a3bf7843fc6bceab
		external 512 2 crc32 da6e12eafea3371a09cc4c24c4377ffb94058ba1064c1e5302b4a18bfd8ea9c2 0e5419474ead56a49df881b91b6e95b104fef5806eb00852046a6c00ff2cc8c4
		external 512 2 crc32c d3dcf247cc7edbb6f198a854b16548d2020c98018074ec6f9a666aacf091187d ce0cc6bfbda0cc19acf76445214d0826e4825196752b54bc3c85330fca2ab74e
		external 512 2 crc64 33d712a36645b5a61ce25107667c4550d4562b61d886f2456b824ee347972ec0 66078507663cc1b2bb4026cbc02fdda37ff8ab84469295e5f67a34e00e31f931
		external 512 3 crc32 aa824f7726d13199092efb13a4f75110c04ccb0ade53706029e8b760d8f25a9a 8662c7e91ea54f4916f4d54efe0e0ba063ab57eed294f1754412ab5ff2c93926
		external 512 3 crc32c 4d1e37ff96f98bbd43946a7e76621fdb45cb5c7ba50bdb3593114c5477f03079 acbd11666caae535b77aea597572b8432382b18179f4abdd2dc6520a4b79da06
		external 512 3 crc64 335fc9e3cff7cd5e97809bdb4c2659f37235fc1aa5599ff3349c69682e8c1beb 02d31a74751c83acb908d290046334656c5c7ef9f374ee7bb07f66bea20e32f3
		external 512 default crc32 8249cfc377c2c352ef88ce80a0ccd9a086e7fffecb9dec0c2eb61645983875d3 9a28bf7859abaed901cf0080bf8652286d4f22e160e2fb85ce9a9732e0b0dcd1
		external 512 default crc32c 19cf1ba8e73cb043188ebe27c334d9ef66ed65c04a6cacb51269f70c33a6c3ee dd092ec9b265bc82ff4e098e6cd56370e10cd3573b999ece02dcda0601f6f92a
		external 512 default crc64 3b5527b073a73fb3f665e74b8272a3f97bd29080dff2d773ef5f2c6dfbfd0ffc f77657af0ecf6800fa4a72357d4cd4cee841598daf21de623b2799b528ed5317
		external 4096 1 crc32 0c33c8fbc9ca3365fada8ad4dd2893822b64d01b49f93a6b7d2c6408924fb02a 9ca4b180aecd7173fdd074dd030c78185839b2ffe493e5b201ec9e995e007ac0
		external 4096 1 crc32c 28c2cc75d442fd26c3526efa602fe09b0ebe9eacc6dc9d251e84d09b1ac0446a cd31143ee9e8c819c89b1e39e760f05827b0d6072205f8e841e1a438a7501014
		external 4096 1 crc64 3f4217e256f348bfa10aa85e225283c7ebb034ba87e64e778d0936354b300e1c 93f1c4cd209bf4dc95f8c2acf9f2507ea56fd1d37f3282da23a20ca05af40fb0
		external 4096 2 crc32 c4661326a688d7e2f0c7d1e7a532ac9f900aa8cd95d3393a88a7158e95d38e25 e9bd11bb10e92f79111892b6e3da0be39da9b545599b05edfa3fd08d0dd1565e
		external 4096 2 crc32c 638dfea771c2620e31ee8dd77be30962269c55f6437c4447b02bef54b6658feb 23f5418a065dfffd7e954145db9b96994e8b6af6535f80ea32944e5dbe791a68
		external 4096 2 crc64 44a6010c3fec8399aee7873324e9f3ec7293b7a467d7cac9a70c820bfb2e5dba 66e4dac33c45d78bfe2c9b7cc4c14e1a7bbbf822c944ed87a1345faf6411743e
		external 4096 3 crc32 5eb89d49055edf90e98d65eed4d3afbc4cf029bac0fa4378dd829e2e71c4edac 9e2fd6e74c06676c8d2aa49649ea8e40d2b00931dc1e233833a1991113d49c57
		external 4096 3 crc32c db6183869550a56179ee8adf321e95477ad911666187f29578b3015bd01412e6 50b3c1856848e199036d24d63bd1c98305d6323f47312fffe0cf30f145ce88be
		external 4096 3 crc64 8a6e79e271105ddb8823818d44153b5d62fa4b9d3732a222951931519ddedff8 7fd7f00faae7c1a84db361ef120b2fe06c60f74c6a33998ff4e92ae1f1928684
		external 4096 default crc32 bc939ca601609a0f00b6dd830157e72e26374fb4c7873b1b44ea0b94fc705e0b 0db1e4867f512a31476edfc26f5a05436f5f16f52ad055e6b041f9e9738976cc
		external 4096 default crc32c 5828016448e03d5e58b4060360e6d779c137bcd44a795d2372082ae3e2e3dc3a 61eb82972dcd4df10b2ceb08a71e323b0df84553ac7b9b0dd1149d42ef37ea3a
		external 4096 default crc64 98d26bf536eb070bfd059e8ec6a92b7f9ef1f273f4debb531cf6aa642f44fe9a 5c87e143f2f74ca80df4614faea3b19a7c6cc3597af0b27483020084330cb787
	END
}

# make_volume LAYOUT S K CHECKSUM: makes the volume; csumtool's arguments for it are in the array volume.
make_volume() {
	local options=(-q -s "$2" -c "$4" -U "$uuid" -L "golden $1")
	[ "$3" = default ] || options+=(-K "$3")
	rm -f vol data
	if [ "$1" = internal ]; then
		# 7 groups and a short one; the size is no multiple of 4096.
		run_csum 0 format "${options[@]}" --size=$((1048576 + 65536 + ($2 == 512 ? 468 : 3606) * $2 + 1536)) vol
		volume=(vol)
	else
		truncate -s $((($2 == 512 ? 451 : 3581) * $2 + 100)) data
		run_csum 0 format "${options[@]}" --size=1200000 -m vol data
		volume=(-m vol data)
	fi
}

# hashes LAYOUT S K CHECKSUM: puts the two hashes of that volume into $fresh and $written.
hashes() {
	local files=(vol) count
	[ "$1" = internal ] || files+=(data)
	make_volume "$@"
	fresh=$(reference fresh "${files[@]}") || {
		echo "$fresh"
		return 1
	}
	[ "${fresh% *}" -eq 0 ]
	run_csum 0 write -q -o 1000 "${volume[@]}" input
	written=$(reference written "${files[@]}") || {
		echo "$written"
		return 1
	}
	count=$(((1000 + 50000 + $2 - 1) / $2 - 1000 / $2))
	[ "${written% *}" -eq $count ]
	fresh=${fresh#* } written=${written#* }
}

compare() {
	local layout s k checksum fresh_hash written_hash rows=0
	while read -r layout s k checksum fresh_hash written_hash; do
		[ "$layout $s" = "$1 $2" ] || continue
		hashes "$layout" "$s" "$k" "$checksum" || return 1
		echo "$layout $s $k $checksum $fresh $written"
		[ "$fresh" = "$fresh_hash" ]
		[ "$written" = "$written_hash" ]
		rows=$((rows + 1))
	done < <(golden)
	[ $rows -eq 12 ]
}

@test "internal, sectors of 512" {
	compare internal 512
}

@test "internal, sectors of 4096" {
	compare internal 4096
}

@test "external, sectors of 512" {
	compare external 512
}

@test "external, sectors of 4096" {
	compare external 4096
}

@test "the first bytes, spelled out" {
	run_csum 0 format -q -s 512 -c crc32 -K 2 -U $uuid -L abc --size=1290240 vol
	superblock set vol abc physical=0
	cmp -n 4096 vol <(xxd -r -p <<-'END'
		4353554d564f4c1a 55fc9ea3 0100 0000 0200000000000000
		0123456789abcdef0123456789abcdef
		6162630000000000000000000000000000000000000000000000000000000000
		00000000 00000000 00000000 00020000 01000000 02000000
		4c01000000000000 00b0130000000000 0000000000000000 00f1536500000000
		0123456789abcdef0123456789abcdef
		0000010000000000 0000070000000000 0000100000000000
	END
	head -c 3928 /dev/zero)
	# Group 0, copy 0; group 1, copy 1.
	[ "$(xxd -p -c 32 -s 1048576 -l 32 vol)" = "494d4431b086b5ab$(printf '0%.0s' {1..48})" ]
	[ "$(xxd -p -c 32 -s 1113600 -l 32 vol)" = "494d4431d8c2246d0100000001000000$(printf '0%.0s' {1..32})" ]
}
