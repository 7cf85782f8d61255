# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of csumtool(8) for bash. Needs nothing but bash itself.

# Options of every command: flags, and after "|" those that take a value.
_csumtool_options()
{
	local end="-v --verbose -h --help -V --version --wait"

	case $1 in
	format)
		echo "$end -n --dry-run -f --force -q --quiet -J --json --exclusive --wipe |" \
			"-s --sector-size -c --checksum -K --interleave -L --label -U --uuid" \
			"-m --metadata --size --data-size"
		;;
	info) echo "$end --health -f --force -J --json -q --quiet | -m --metadata" ;;
	write)
		echo "$end -f --force -J --json -q --quiet --verify |" \
			"--allow -m --metadata -o --offset -l --length"
		;;
	read)
		echo "$end -f --force -J --json -q --quiet --sparse |" \
			"-m --metadata -o --offset -l --length --on-error"
		;;
	check)
		echo "$end -f --force -J --json -q --quiet --metadata-only |" \
			"-m --metadata -o --offset -l --length --rate"
		;;
	scrub)
		echo "$end -n --dry-run -f --force -J --json -q --quiet --metadata-only --restart --idle" \
			"--no-undo | --allow -m --metadata -o --offset -l --length --from --heal --undo --undo-dir --rate" \
			"--time-limit --max-errors"
		;;
	undo)
		echo "$end -n --dry-run -f --force -J --json -q --quiet --list |" \
			"--allow -m --metadata --undo-dir"
		;;
	discard) echo "$end -f --force -J --json -q --quiet | --allow -m --metadata -o --offset -l --length" ;;
	dump-imd)
		echo "$end -f --force -J --json --differ --data --carve --raw |" \
			"-m --metadata -g --groups -o --offset -l --length"
		;;
	superblock) echo "$end -n --dry-run -f --force -J --json -q --quiet | -m --metadata" ;;
	esac
}

_csumtool_files()
{
	local IFS=$'\n'

	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_csumtool_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

# The last word, begun, of a list joined by commas.
_csumtool_list()
{
	local list="" word=$2 i

	if [[ $word == *,* ]]; then
		list=${word%,*},
		word=${word##*,}
	fi
	_csumtool_words "$1" "$word"
	for i in "${!COMPREPLY[@]}"; do
		COMPREPLY[i]=$list${COMPREPLY[i]}
	done
}

# Completes the value, begun as $2, of option $1; fails where $1 takes none.
_csumtool_value()
{
	case $1 in
	-s | --sector-size) _csumtool_words "auto 512 4096" "$2" ;;
	-c | --checksum) _csumtool_words "crc64 crc32c crc32" "$2" ;;
	--on-error) _csumtool_words "stop zero raw" "$2" ;;
	--heal) _csumtool_list "none replica elsewhere bits" "$2" ;;
	--allow) _csumtool_list "foreign identity rewritten unread" "$2" ;;
	-m | --metadata | --from | --undo | --undo-dir) _csumtool_files "$2" ;;
	-K | --interleave | -L | --label | -U | --uuid | --size | --data-size | -o | --offset | \
		-l | --length | -g | --groups | --rate | --time-limit | --max-errors) COMPREPLY=() ;;
	*) return 1 ;;
	esac
}

_csumtool()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} options i

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_csumtool_words "format info write read check scrub undo discard dump-imd superblock
			-h --help -V --version" "$word"
		return
	fi
	# "=" is a word of its own, so that --size=1G has three.
	if [[ $word == "=" ]]; then
		_csumtool_value "$before" ""
		return
	fi
	if [[ $before == "=" ]]; then
		_csumtool_value "${COMP_WORDS[COMP_CWORD - 2]}" "$word"
		return
	fi
	options=$(_csumtool_options "$command")
	for ((i = 2; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == "--" ]] && options=
	done
	if [[ -n $options && " ${options#*|} " == *" $before "* ]]; then
		_csumtool_value "$before" "$word"
	elif [[ -n $options && $word == -* ]]; then
		_csumtool_words "${options/|/}" "$word"
	elif [[ $command == superblock ]] && ((COMP_CWORD == 2)); then
		_csumtool_words erase "$word"
	else
		_csumtool_files "$word"
	fi
}

complete -F _csumtool csumtool
