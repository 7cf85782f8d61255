# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the traces of crashes, lost writes and decay on the volume v. For files that load common and places.

# swap_in_older GROUP: the volume has been written twice; puts the group's older copy back to its state between the
# writes, when "before" was made. Sets older.
swap_in_older() {
	older=0
	if [ "$(surgery get v $(($(imd_at "$1" 0) + 8)) 4)" -gt "$(surgery get v $(($(imd_at "$1" 1) + 8)) 4)" ]; then
		older=1
	fi
	piece before "$(imd_at "$1" $older)" 512 >old
	put v "$(imd_at "$1" $older)" old
}

# old_data SECTOR...: puts back the data of the time when "before" was made.
old_data() {
	local sector
	for sector; do
		piece before "$(data_at "$sector")" "$S" >old
		put v "$(data_at "$sector")" old
	done
}

# active FIRST_GROUP COUNT: makes v active, as if a writer with that intent had been killed.
active() {
	surgery super v A 256:4=1 264:8=+1 "272:8=$1" "280:8=$2" 16:8=+2
	surgery super v B 256:4=1 264:8=+1 "272:8=$1" "280:8=$2" 16:8=+2
}

# mixed FILE SECTOR_SIZE: every sector of FILE must be the one of the file old or of the file new.
mixed() {
	python - "$1" "$2" <<-'END'
		import sys
		parts = [open(name, "rb").read() for name in (sys.argv[1], "old", "new")]
		size = int(sys.argv[2])
		if len(parts[0]) != len(parts[1]):
		    sys.exit("%d bytes, not %d" % (len(parts[0]), len(parts[1])))
		for i in range(0, len(parts[0]), size):
		    if parts[0][i:i + size] not in (part[i:i + size] for part in parts[1:]):
		        sys.exit("sector %d is neither old nor new" % (i // size))
	END
}
