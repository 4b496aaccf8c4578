# SPDX-License-Identifier: MIT
# For scripts that print TAP: source it, call result, end with the plan `1..$n` and
# the status $failed.
n=0
failed=0

result() { # status, what, why
	n=$((n + 1))
	if test "$1" = 0; then
		echo "ok $n - $2"
	else
		failed=1
		echo "not ok $n - $2"
		printf '%s\n' "$3" | sed 's/^/# /'
	fi
}
