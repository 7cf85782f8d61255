#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Standard output that is full, closed or gone, for every command; -q and -v; output on the right stream.
# sanitize: yes

load common
load places
setup() { common_setup; }
teardown() { common_teardown; }

# commands: prints command lines with output, one for each command. The volume is v, the input in.
commands() {
	cat <<-'END'
		format -f v
		format -f -J v
		format -n -f v
		info v
		info -J v
		check v
		check -J v
		check --metadata-only v
		write -l 100 v in
		write -J -l 100 v in
		read -J v out
		read v out
		read -o 1000 v
		discard -o 0 -l 1000 v
		discard -J -o 0 -l 1000 v
		dump-imd v
		dump-imd -J v
		dump-imd --raw v
		dump-imd --carve v
		dump-imd --carve -J v
		dump-imd --differ v
		--help
		--version
		format --help
		info --help
		check --help
		write --help
		read --help
		discard --help
		dump-imd --help
		check --version
	END
}

fresh() {
	rm -f v out
	small v
	pattern in "$space" out
	run_csum 0 write -q v in
}

@test "a full standard output ends every command with 8" {
	while read -r line; do
		echo "$line"
		fresh
		status=0
		# shellcheck disable=SC2086
		"$CSUMTOOL" $line >/dev/full 2>err </dev/null || status=$?
		[ "$status" -eq 8 ]
		grep -E "^csumtool: (cannot write to standard output|standard output: cannot write): No space left on device$" err
		case $line in
		write* | discard*) is_state v clean ;;
		esac
	done < <(commands)
}

@test "a closed standard output ends every command with 8" {
	while read -r line; do
		echo "$line"
		fresh
		status=0
		# shellcheck disable=SC2086
		"$CSUMTOOL" $line >&- 2>err </dev/null || status=$?
		[ "$status" -eq 8 ]
		grep -E "^csumtool: .*standard output.*: Bad file descriptor$" err
		# No output may have gone into the volume.
		case $line in
		format*) ;;
		*) run_csum 0 check -q v ;;
		esac
	done < <(commands)
}

@test "closed standard input and error" {
	fresh
	run_csum 0 check -q v <&-
	"$CSUMTOOL" check -q v 2>&-
	"$CSUMTOOL" check -q v <&- >&- 2>&- || [ $? -eq 8 ]
	status=0
	"$CSUMTOOL" write v in <&- 2>&- >out || status=$?
	[ "$status" -eq 0 ]
	status=0
	"$CSUMTOOL" check missing 2>&- >out || status=$?
	[ "$status" -eq 8 ]
	[ ! -s out ]
	run_csum 0 check -q v
}

@test "a pipe closed at the other end ends every command with 8" {
	while read -r line; do
		echo "$line"
		fresh
		mkfifo fifo
		sh -c 'exec <fifo' 3>&- &
		exec {to}>fifo
		wait $!
		status=0
		# shellcheck disable=SC2086
		env --default-signal=PIPE "$CSUMTOOL" $line 1>&"$to" 2>err </dev/null || status=$?
		exec {to}>&-
		rm fifo
		[ "$status" -eq 8 ]
		grep -E "^csumtool: (cannot write to standard output|standard output: cannot write): Broken pipe$" err
	done < <(commands)
}

@test "errors found and a full standard output: both are in the status" {
	fresh
	flip v "$(data_at 3)"
	for options in "" -q -J; do
		status=0
		# shellcheck disable=SC2086
		"$CSUMTOOL" check $options v >/dev/full 2>err || status=$?
		[ "$status" -eq 12 ] || [ "$status" -eq 8 ]
		grep "No space left on device" err
	done
}

@test "a dead standard output stops a long check" {
	vol v -s 512 -K 1 --size=4M
	places 512 1 $((4 << 20))
	run_csum 0 write -q v < <(yes | head -c "$space")
	for ((sector = 0; sector < sectors; sector += 200)); do
		flip v "$(data_at "$sector")"
	done
	status=0
	"$CSUMTOOL" check v 2>err | head -n 1 >first || status=$?
	status=0
	"$CSUMTOOL" check v >/dev/full 2>err || status=$?
	[ $((status & 8)) -eq 8 ]
	[ "$(grep -c "standard output" err)" -eq 1 ]
}

@test "-q: nothing on either stream when all is well" {
	small v
	pattern in "$space" quiet
	for line in "format -q -f -s 512 -K 2 v" "write -q v in" "read -q v out" "check -q v" "check -q --metadata-only v" "info -q v" \
		"discard -q -o 5 -l 5000 v"; do
		echo "$line"
		# shellcheck disable=SC2086
		run_csum 0 $line
		[ -z "$stdout" ]
		no_other_warning
	done
	# Errors are reported even with -q.
	run_csum 8 info -q missing
	[ -z "$stdout" ]
	err_has "^csumtool: missing: "
	run_csum 8 write -q v missing
	err_has "^csumtool: missing: "
	must_fail 16 "exclude each other" check -q -v v
}

@test "-v: notes on stderr, results on stdout as without it" {
	fresh
	truncate -s 1300000 v
	run_csum 0 info v
	[ -z "$stderr" ]
	grep -v larger <<<"$stdout" >without
	run_csum 0 info -v v
	grep -v larger <<<"$stdout" | cmp - without
	err_has "^csumtool: note: v: 1300000 bytes, of which the volume uses 1290240 as recorded$"
	run_csum 0 check v
	[ -z "$stderr" ]
	run_csum 0 check -v v
	err_has "^csumtool: note: v: "
	# A note says once for each device that there is no O_DIRECT.
	if [ -d /dev/shm ] && [ -w /dev/shm ]; then
		copy=$(mktemp /dev/shm/csumtool.XXXXXX)
		cp v "$copy"
		run_csum 0 check -v "$copy" || :
		count=$(grep -c -i "O_DIRECT\|buffered" <<<"$stderr" || :)
		rm -f "$copy"
		[ "$count" -le 1 ]
	fi
	# A recovery is mentioned.
	surgery super v A 256:4=1 "272:8=0" "280:8=6" 16:8=+2
	surgery super v B 256:4=1 "272:8=0" "280:8=6" 16:8=+2
	run_csum 0 write -v v in
	err_has "^csumtool: note: v: recovering after an interrupted write$"
}

@test "results and messages in their order, where both go to one file" {
	fresh
	flip v "$(data_at 3)"
	status=0
	"$CSUMTOOL" read --on-error=zero v copy >all 2>&1 || status=$?
	[ "$status" -eq 4 ]
	head -n 1 all | grep "^csumtool: mismatch: data sector 3 "
	tail -n 1 all | grep "^read $space bytes"
}
