# SPDX-License-Identifier: MIT
# For scripts (bash) that test the tool and print TAP: source it from the top of the tree; at the
# end `tested`. IRQFERRY=PATH tests another build.
irqferry=$(realpath "${IRQFERRY:-build/irqferry}")
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
count=0
failed=0

result() { # ok? description
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		failed=$((failed + 1))
		echo "not ok $count - $2"
		sed 's/^/#   /' "$tmp/out" "$tmp/err" | head -20
	fi
}

skip() { # description reason
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

run() { # arguments of the tool; leaves $code, out and err
	timeout 120 "$irqferry" "$@" >"$tmp/out" 2>"$tmp/err"
	code=$?
}

# A refusal: this code, one line on stderr that holds the texts, nothing on stdout.
refused() { # description code text [more-text]
	[ "$code" = "$2" ] && [ "$(wc -l <"$tmp/err")" = 1 ] && [ ! -s "$tmp/out" ] &&
		grep -F -- "$3" "$tmp/err" | grep -qF -- "${4:-}"
	result $? "$1"
}

# The plan, and the script's status.
tested() {
	echo "1..$count"
	[ "$failed" = 0 ]
}
