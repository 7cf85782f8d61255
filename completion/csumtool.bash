# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of csumtool(8) for bash. Needs nothing but bash itself.

# Made by 'make completion' of the tables that --help is made of.
_csumtool_commands()
{
	echo "format info write read check scrub undo discard dump-imd superblock"
}

# Options of every command: flags, and after "|" those that take a value.
_csumtool_options()
{
	case $1 in
	format)
		echo "--exclusive --wipe -n --dry-run -f --force --wait -J --json -q --quiet -v --verbose -h --help -V --version |" \
			"-s --sector-size -c --checksum -K --interleave -L --label -U --uuid -m --metadata --size --data-size"
		;;
	info)
		echo "--health -f --force --wait -J --json -q --quiet -v --verbose -h --help -V --version |" \
			"-m --metadata"
		;;
	write)
		echo "--verify -f --force --wait -J --json -q --quiet -v --verbose -h --help -V --version |" \
			"-o --offset -l --length --allow -m --metadata"
		;;
	read)
		echo "--sparse -f --force --wait -J --json -q --quiet -v --verbose -h --help -V --version |" \
			"-o --offset -l --length --on-error -m --metadata"
		;;
	check)
		echo "--metadata-only -f --force --wait -J --json -q --quiet -v --verbose -h --help -V --version |" \
			"-o --offset -l --length --rate -m --metadata"
		;;
	scrub)
		echo "--metadata-only -n --dry-run --no-undo --restart --idle -f --force --wait -J --json -q --quiet -v --verbose -h --help -V --version |" \
			"-o --offset -l --length --from --heal --undo --undo-dir --rate --time-limit --max-errors --allow -m --metadata"
		;;
	undo)
		echo "-n --dry-run --list -f --force --wait -J --json -q --quiet -v --verbose -h --help -V --version |" \
			"--undo-dir --allow -m --metadata"
		;;
	discard)
		echo "-f --force --wait -J --json -q --quiet -v --verbose -h --help -V --version |" \
			"-o --offset -l --length --allow -m --metadata"
		;;
	dump-imd)
		echo "--differ --data --carve --raw -f --force --wait -J --json -v --verbose -h --help -V --version |" \
			"-g --groups -o --offset -l --length -m --metadata"
		;;
	superblock)
		echo "-n --dry-run -f --force --wait -J --json -q --quiet -v --verbose -h --help -V --version |" \
			"-m --metadata"
		;;
	esac
}

# The words that are all there is for the value of an option; nothing for others.
_csumtool_choices()
{
	case $1 in
	--on-error) echo "stop zero raw" ;;
	-c | --checksum) echo "crc64 crc32c crc32" ;;
	-s | --sector-size) echo "auto 512 4096" ;;
	esac
}
# End of what is made.

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
	local words

	words=$(_csumtool_choices "$1")
	if [[ -n $words ]]; then
		_csumtool_words "$words" "$2"
		return
	fi
	case $1 in
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
		_csumtool_words "$(_csumtool_commands) -h --help -V --version" "$word"
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
