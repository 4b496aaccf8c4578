#!/bin/bash
# SPDX-License-Identifier: MIT
# The command line tool: its exit codes, its messages for bad input, its output.
# Prints TAP. IRQFERRY=PATH tests another build.
cd "$(dirname "$0")/.." || exit 1
. tests/tool.sh

# The scenario on stdin is refused at LINE: FIELD: with TEXT.
bad() { # description line field text
	cat >"$tmp/bad.yaml"
	run run "$tmp/bad.yaml"
	refused "scenario: $1" 3 "$tmp/bad.yaml:$2: $3: " "$4"
}

# The same, with a good machine around the one line that is wrong (line 3).
bad_line() { # description field text line
	printf 'cpus: 4\ndevices: [{name: nic, kind: msix, queues: 4}]\n%s\n' "$4" >"$tmp/bad.yaml"
	run run "$tmp/bad.yaml"
	refused "scenario: $1" 3 "$tmp/bad.yaml:3: $2: " "$3"
}

bad_device() { # description field text keys-of-the-device
	printf 'cpus: 4\ndevices:\n  - {%s}\n' "$4" >"$tmp/bad.yaml"
	run run "$tmp/bad.yaml"
	refused "scenario: $1" 3 "$tmp/bad.yaml:3: devices[0]$2: " "$3"
}

bad_op() { # description field text operation
	bad_line "$1" "operations[0]$2" "$3" "operations: [$4]"
}

# ---- command line ----
run; [ "$code" = 2 ] && grep -q '^usage:' "$tmp/err"; result $? "no command"
run --version; [ "$code" = 0 ] && grep -qx 'irqferry [0-9.]*' "$tmp/out"; result $? "--version"
run help; [ "$code" = 0 ] && grep -q 'exit codes' "$tmp/out"; result $? "help"
run help run; [ "$code" = 0 ] && grep -q '^example: ' "$tmp/out"; result $? "help run"
run run --help; [ "$code" = 0 ] && grep -q '^exit codes' "$tmp/out"; result $? "run --help"
run flee; refused "unknown command" 2 "unknown command 'flee'"
run help flee; refused "help for an unknown command" 2 "unknown command 'flee'"
run run; refused "run without a machine" 2 "no machine"
run run --seed x a.yaml; refused "--seed: no number" 2 "--seed: 'x': a number from 0 to"
run run --seed -1 a.yaml; refused "--seed: negative" 2 "--seed: '-1'"
run run --seed 99999999999999999999 a.yaml; refused "--seed: too large" 2 "--seed: '9999"
run run --events 0 a.yaml; refused "--events: none" 2 "--events: '0': a number from 1"
run run ''; refused "empty file name" 2 "FILE: an empty name"
run run --machine ''; refused "empty directory name" 2 "--machine: an empty name"
run run --nonsense; [ "$code" = 2 ]; result $? "unknown option"
run run "$tmp/absent.yaml"; refused "no such file" 3 "$tmp/absent.yaml: can't be opened"
run run "$tmp"; refused "a directory" 3 "$tmp: can't be read"
# shellcheck disable=SC2046
run run $(yes a.yaml | head -65); refused "too many machines" 2 "more than 64 machines"
run run --json="$tmp/absent/x.json" scenarios/fallback-4cpu.yaml
refused "JSON file that can't be made" 5 "$tmp/absent/x.json: can't be written"

# ---- bad scenarios ----
bad "empty" 1 scenario "the file is empty" </dev/null
bad "a list" 1 scenario "a list: a mapping (key: value) is expected" <<<'[1, 2]'
bad "bare word" 1 scenario "'hello': a mapping" <<<'hello'
bad "no YAML" 2 YAML "" <<<$'cpus: 4\n\tdevices: 3'
bad "truncated" 3 YAML "did not find expected" <<<$'cpus: 4\ndevices: [{name: nic, kind: msix'
bad "no cpus" 1 cpus "missing" <<<'devices: [{name: nic, kind: msix}]'
bad "no devices" 1 devices "missing" <<<'cpus: 4'
bad "unknown key" 2 scenario "unknown key 'cpu'; allowed are name, seed, gic, cpus" <<<$'cpus: 4\ncpu: 5'
bad "key twice" 2 cpus "given twice" <<<$'cpus: 4\ncpus: 4'
bad "key that is a list" 1 scenario "unknown key a list" <<<'[a]: 4'
bad "0 CPUs" 1 cpus "'0': a number from 1 to 4096 is expected" <<<$'cpus: 0\ndevices: []'
bad "4097 CPUs" 1 cpus "'4097': a number from 1 to 4096" <<<$'cpus: 4097\ndevices: []'
bad "negative CPUs" 1 cpus "'-1': a number from 1 to 4096" <<<$'cpus: -1\ndevices: []'
bad "quoted number" 1 cpus "'4': a number" <<<$'cpus: "4"\ndevices: []'
bad "octal number" 1 cpus "'010': a number" <<<$'cpus: 010\ndevices: []'
bad "huge number" 1 cpus "'99999999999999999999999': a number" <<<$'cpus: 99999999999999999999999\ndevices: []'
bad "cpus: a mapping" 1 cpus "a mapping: a number" <<<$'cpus: {}\ndevices: []'
bad "cpus: empty list" 1 cpus "an empty list" <<<$'cpus: []\ndevices: []'
bad "cpus: no count" 1 "cpus[0].count" "missing" <<<$'cpus: [{stride: 2}]\ndevices: []'
bad "cpus: 4097 in groups" 3 "cpus[1].count" "more than 4096" <<<$'cpus:\n- {count: 4096}\n- {count: 1}\ndevices: []'
bad "cpus: an APIC id twice" 1 cpus "two CPUs have APIC id 3" <<<$'cpus: [{count: 4}, {count: 1, apic_id_start: 3}]\ndevices: []'
bad "cpus: APIC ids past the end" 1 "cpus[0].apic_id_start" "APIC ids end" <<<$'cpus: [{count: 4, apic_id_start: 4294967294}]\ndevices: []'
bad "no interrupts" 2 devices "an empty list" <<<$'cpus: 2\ndevices: []'
bad "devices: a word" 2 devices "'x': a list of devices is expected" <<<$'cpus: 2\ndevices: x'
bad "control characters in the input are not repeated" 1 cpus "'?[31m'" <<<$'cpus: "\\e[31m"\ndevices: []'
printf 'cpus: 4\n\377\376\n' >"$tmp/bad.yaml"
run run "$tmp/bad.yaml"; refused "scenario: not UTF-8" 3 "$tmp/bad.yaml: YAML: at byte 8"
head -c 5000000 /dev/zero | tr '\0' '#' >"$tmp/bad.yaml"
run run "$tmp/bad.yaml"; refused "scenario: too long" 3 "$tmp/bad.yaml: longer than"
printf 'cpus: 4\ndevices: [{name: nic, kind: msix}]\n---\ncpus: 4\n' >"$tmp/bad.yaml"
run run "$tmp/bad.yaml"; refused "scenario: two documents" 3 "$tmp/bad.yaml:4: scenario: a second document"

bad_line "seed" seed "'x': a number from 0" "seed: x"
bad_line "name" name "a name of 1 to 63 characters" 'name: "a b"'
bad_line "vectors: first" vectors.first "'0x20': a number from 33 to 254" "vectors: {first: 0x20}"
bad_line "vectors: last" vectors.last "'255': a number" "vectors: {last: 255}"
bad_line "vectors: order" vectors.last "below vectors.first" "vectors: {first: 0x50, last: 0x40}"
bad_line "vectors: reserved" "vectors.reserved[1]" "'256': a number from 0 to 255" "vectors: {reserved: [1, 256]}"
bad_line "vectors: reserved is no list" vectors.reserved "'1': a list of vectors" "vectors: {reserved: 1}"
bad_line "options: unknown" options "unknown key 'fast'; allowed are overtaking, fence" "options: {fast: true}"
bad_line "options: boolean" options.nested "'yes': true or false is expected" "options: {nested: yes}"
bad_line "options: fence" options.fence "'x': one of root, irr is expected" "options: {fence: x}"
bad_line "options: commit" options.commit "'1': one of random, on, off" "options: {commit: 1}"
bad_line "options: logical" options.logical "one of none, flat, cluster" "options: {logical: true}"
bad_line "options: flight" options.flight_ns "longer than options.drain_ns" "options: {drain_ns: 1000, flight_ns: 1001}"
bad_line "options: drain" options.drain_ns "0 (no bound) or 1000 to 1000000" "options: {drain_ns: 999}"
bad_line "options: handler" options.handler_ns "'0': a number from 1" "options: {handler_ns: 0}"
bad_line "options: handler too slow" options.handler_ns "from 1 to 100000" "options: {handler_ns: 100001}"
bad_line "options: IPI too slow" options.ipi_ns "from 1 to 1000000 " "options: {ipi_ns: 1000001}"
bad_line "load: events" load.events "'0': a number from 1" "load: {events: 0}"
bad_line "load: fraction" load.moves "'1.5': a number from 0" "load: {moves: 1.5}"
bad_line "load: a list" load "a list: a mapping" "load: [1]"

bad_line "load: requests of nobody" load.requests "only with multiqueue" "load: {requests: 1}"
bad_line "load: overrides of nothing" load.overrides "only with multiqueue" "load: {overrides: 1}"
bad_set() { # description field text keys-of-the-device
	bad_line "multiqueue: $1" "multiqueue[0]$2" "$3" "multiqueue: [{$4}]"
}
bad_line "multiqueue: no list" multiqueue "'3': a list of devices with queues" "multiqueue: 3"
bad_set "no name" .name missing "kind: msix, queues: 2"
bad_set "name too long" .name "a name of 1 to 15 characters" "name: aaaaaaaaaaaaaaaa, kind: msix, queues: 2"
bad_set "no kind" .kind missing "name: nvme, queues: 2"
bad_set "a kind that can't be managed" .kind "'msi': one of msix, remapped is expected" "name: nvme, kind: msi, queues: 2"
bad_set "no queues" .queues missing "name: nvme, kind: msix"
bad_set "too many queues" .queues "'2049': a number from 1 to 2048" "name: nvme, kind: msix, queues: 2049"
bad_set "too many" .count "more than 65536 interrupts together" "name: nvme, kind: msix, queues: 2048, count: 32"
bad_set "depth" .depth "'4097': a number from 1 to 4096" "name: nvme, kind: msix, queues: 2, depth: 4097"
bad_set "service" .service_ns "'0': a number from 1" "name: nvme, kind: msix, queues: 2, service_ns: 0"
bad_set "mode" .mode "'fast': one of managed, read-only, initial" "name: nvme, kind: msix, queues: 2, mode: fast"
bad_set "a pool of ordinary ones" .pool "not with mode: initial" "name: nvme, kind: msix, queues: 2, mode: initial, pool: true"
bad_set "maskable" .maskable "only for kind remapped" "name: nvme, kind: msix, queues: 2, maskable: true"
bad_set "unknown key" "" "unknown key 'irq'; allowed are name, kind, count, queues" "name: nvme, kind: msix, irq: 2"

bad_device "device without a name" .name missing "kind: msix"
bad_device "device without a kind" .kind missing "name: nic"
bad_device "unknown kind" .kind "'pci': one of msix, msi-maskable, msi, ioapic-edge, ioapic-level, remapped" "name: nic, kind: pci"
bad_device "unknown key" "" "unknown key 'speed'; allowed are name, kind, count" "name: nic, kind: msix, speed: 3"
bad_device "name that begins with a digit" .name "'7up': a name" "name: 7up, kind: msix"
bad_device "name too long" .name "a name of 1 to 31 characters" "name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, kind: msix"
bad_device "name too long with its number" "" "is longer than 31 characters" "name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, kind: msix, count: 2"
bad_device "count" .count "'0': a number from 1" "name: nic, kind: msix, count: 0"
bad_device "too many interrupts" .count "more than 65536 interrupts" "name: nic, kind: msix, count: 65536, queues: 2"
bad_device "queues" .queues "'2049': a number from 1 to 2048" "name: nic, kind: msix, queues: 2049"
bad_device "queues: empty" .queues "1 to 2048 queues" "name: nic, kind: msix, queues: []"
bad_device "queues: bad name" ".queues[1]" "a list: a name" "name: nic, kind: msix, queues: [rx, [tx]]"
bad_device "MSI with queues" .queues "one message" "name: usb, kind: msi, queues: 2"
bad_device "period" .period_ns "'99': a number from 100" "name: nic, kind: msix, period_ns: 99"
bad_device "pattern" .pattern "one of fixed, poisson, burst" "name: nic, kind: msix, pattern: x"
bad_device "burst without its pattern" .burst "only with pattern: burst" "name: nic, kind: msix, burst: 3"
bad_device "empty affinity" .affinity "the list is empty" 'name: nic, kind: msix, affinity: ""'
bad_device "affinity outside" .affinity "'4-7': none of these CPUs exists; there are 0 to 3" "name: nic, kind: msix, affinity: 4-7"
bad_device "affinity backwards" .affinity "'3-1': a range ends before it begins" "name: nic, kind: msix, affinity: 3-1"
bad_device "affinity past 4095" .affinity "CPU numbers end at 4095" "name: nic, kind: msix, affinity: 0-4096"
bad_device "affinity with a hole" .affinity "a CPU number is missing" 'name: nic, kind: msix, affinity: "0,,2"'
bad_device "affinity in words" .affinity "a CPU number is missing" "name: nic, kind: msix, affinity: every"
bad_device "maskable" .maskable "only for kind remapped" "name: nic, kind: msix, maskable: true"
bad_device "active_low" .active_low "only for kinds ioapic" "name: nic, kind: msix, active_low: true"
bad_device "several" .several "needs options.logical" "name: nic, kind: msix, several: true"
bad "several in cluster mode" 4 "devices[0].several" "only for kind remapped" <<'END'
cpus: 4
options: {logical: cluster}
devices:
  - {name: nic, kind: msix, several: true}
END
bad "flat mode with 9 CPUs" 2 options.logical "at most 8 CPUs" <<<$'cpus: 9\noptions: {logical: flat}\ndevices: []'
bad "ordered and overtaking" 4 "devices[0].ordered" "can't be true with options.overtaking" <<'END'
cpus: 4
devices:
  - name: nic
    ordered: true
    kind: msix
options: {overtaking: true}
END
bad "two interrupts of one name" 3 devices "two interrupts are named 'nic'" <<'END'
cpus: 4
devices:
  - {name: nic, kind: msix}
  - {name: nic, kind: msix}
END
bad "two interrupts of one number" 3 devices "two interrupts have the number 1" <<'END'
cpus: 4
devices:
  - {name: nic, kind: msix, irq: 1}
  - {name: usb, kind: msi}
END

# Arm: what a machine has, and what only the other sort has.
arm="devices: [{name: n, kind: spi-edge}]"
bad_arm() { # description line field text scenario-without-gic
	bad "Arm: $1" "$2" "$3" "$4" <<<"gic: {version: 3, its: true, espis: 64}"$'\n'"$5"
}
bad_gic2() { # description line field text scenario-without-gic
	bad "GICv2: $1" "$2" "$3" "$4" <<<"gic: {version: 2}"$'\n'"$5"
}
bad_spi() { # description field text keys-of-the-device
	bad_arm "$1" 3 "devices[0]$2" "$3" $'cpus: 4\n'"devices: [{name: n, $4}]"
}
bad_version() { # description field text gic
	bad "gic: $1" 1 "$2" "$3" <<<"gic: $4"$'\ncpus: 4\n'"$arm"
}
bad_version "a number" gic "'3': a mapping" 3
bad_version "no version" gic.version missing "{its: true}"
bad_version "version 4" gic.version "'4': a number from 2 to 3" "{version: 4}"
bad_version "unknown key" gic "unknown key 'lpis'; allowed are version, its, espis, split_eoi" "{version: 3, lpis: 4}"
bad_version "its of a GICv2" gic.its "only with gic.version: 3" "{version: 2, its: true}"
bad_version "espis of a GICv2" gic.espis "only with gic.version: 3" "{version: 2, espis: 1}"
bad_version "too many espis" gic.espis "'1025': a number from 0 to 1024" "{version: 3, espis: 1025}"
bad_gic2 "9 CPUs" 2 cpus "a GICv2 has at most 8 CPUs" $'cpus: 9\n'"$arm"
bad_gic2 "affinities" 2 "cpus[0].mpidr_start" "only for machines with gic.version: 3" $'cpus: [{count: 2, mpidr_start: 0}]\n'"$arm"
bad_gic2 "LPIs" 3 "devices[0].kind" "only for machines with gic.version: 3" $'cpus: 4\ndevices: [{name: n, kind: lpi}]'
bad_gic2 "extended SPIs" 3 "devices[0].kind" "only for machines with gic.version: 3" $'cpus: 4\ndevices: [{name: n, kind: espi-edge}]'
bad "Arm: LPIs without an ITS" 3 "devices[0].kind" "lpi needs gic.its: true" <<<$'gic: {version: 3}\ncpus: 4\ndevices: [{name: n, kind: lpi}]'
bad "Arm: extended SPIs that are not there" 3 "devices[0].kind" "espi-level needs gic.espis" <<<$'gic: {version: 3}\ncpus: 4\ndevices: [{name: n, kind: espi-level}]'
bad_arm "an APIC id" 2 "cpus[0].apic_id_start" "only for x86 machines" $'cpus: [{count: 2, apic_id_start: 0}]\n'"$arm"
bad_arm "an affinity twice" 2 cpus "two CPUs have MPIDR 0x100" $'cpus: [{count: 4, mpidr_start: 0x100}, {count: 2}]\n'"$arm"
bad_arm "an affinity past Aff2" 2 "cpus[0].mpidr_start" "Aff3 is in bits 39 to 32" $'cpus: [{count: 2, mpidr_start: 0xffffff}]\n'"$arm"
bad_arm "an affinity past Aff3" 2 "cpus[0].mpidr_start" "a number from 0 to 1095233437695" $'cpus: [{count: 2, mpidr_start: 0x10000000000}]\n'"$arm"
bad_arm "vectors" 3 vectors "only for x86 machines, which have no" $'cpus: 4\nvectors: {first: 0x40}\n'"$arm"
for key in "fence: irr" "ipi_ns: 9" "eoi_ns: 9" "shared: true" "logical: flat" "ext_dest: true" "directed_eoi: true" "remap_drains: true"; do
	bad_arm "options: $key" 3 "options.${key%%:*}" "only for x86 machines" $'cpus: 4\n'"options: {$key}"$'\n'"$arm"
done
bad_arm "options: unknown" 3 options "unknown key 'fast'; allowed are " $'cpus: 4\noptions: {fast: true}\n'"$arm"
bad_arm "options: policy" 3 options.policy "one of none, round-robin, by-load" $'cpus: 4\noptions: {policy: best}\n'"$arm"
bad_set() { # description field text keys-of-the-device
	bad_arm "multiqueue: $1" 3 "multiqueue[0]$2" "$3" $'cpus: 4\n'"multiqueue: [{$4}]"$'\n'"$arm"
}
bad_set "a kind of x86" .kind "'msix': one of lpi, spi-edge is expected" "name: nvme, kind: msix, queues: 2"
bad_set "a pool" .pool "only for x86 machines" "name: nvme, kind: lpi, queues: 2, pool: true"
bad_gic2 "managed LPIs" 3 "multiqueue[0].kind" "only for machines with gic.version: 3" $'cpus: 4\nmultiqueue: [{name: n, kind: lpi, queues: 2}]\n'"$arm"
bad "Arm: managed LPIs without an ITS" 3 "multiqueue[0].kind" "lpi needs gic.its: true" <<<$'gic: {version: 3}\ncpus: 4\nmultiqueue: [{name: n, kind: lpi, queues: 2}]\n'"$arm"
for key in ordered maskable active_low; do
	bad_spi "$key" ".$key" "only for x86 machines" "kind: spi-edge, $key: false"
done
bad_spi "several on GICv3" .several "only for x86 machines and those with gic.version: 2" "kind: spi-edge, several: true"
bad_spi "no kind" .kind missing "count: 2"
bad_spi "a kind of x86" .kind "only for x86 machines" "kind: msix"
bad_spi "no such kind" .kind "'spi': one of spi-edge, spi-level, espi-edge, espi-level, lpi" "kind: spi"
bad_spi "a kind that is a list" .kind "a list: one of spi-edge" "kind: [lpi]"
bad_spi "an LPI's INTID" .intid "not for kind lpi" "kind: lpi, intid: 64"
bad_spi "a private INTID" .intid "'31': a number from 32 to 5119" "kind: spi-edge, intid: 31"
bad_spi "INTIDs past the SPIs" .intid "INTIDs of this kind are 32 to 1019" "kind: spi-edge, intid: 1019, queues: 2"
bad_spi "an extended INTID of an SPI" .intid "INTIDs of this kind are 32 to 1019" "kind: spi-level, intid: 4096"
bad_spi "INTIDs past the extended SPIs" .intid "INTIDs of this kind are 4096 to 4159" "kind: espi-edge, intid: 4159, count: 2"
bad_arm "too many extended SPIs" 3 devices "no INTID is left for 'n-64': there are 64 extended SPIs" $'cpus: 4\ndevices: [{name: n, kind: espi-edge, queues: 65}]'
bad_arm "too many SPIs" 3 devices "no INTID is left for 'n-988': there are 988 SPIs" $'cpus: 4\ndevices: [{name: n, kind: spi-level, queues: 989}]'
bad_arm "an INTID twice" 3 devices "'n' and 'm' both have INTID 40" $'cpus: 4\ndevices: [{name: n, kind: spi-edge, intid: 40}, {name: m, kind: spi-level, intid: 40}]'
bad_line "options: weak on x86" options.weak "only for Arm machines, which have" "options: {weak: true}"
bad_device "an Arm kind" .kind "only for Arm machines, which have" "name: n, kind: lpi"
bad_device "intid" .intid "only for Arm machines, which have" "name: n, kind: msix, intid: 40"
bad "mpidr_start on x86" 1 "cpus[0].mpidr_start" "only for machines with gic.version: 3" <<<$'cpus: [{count: 2, mpidr_start: 4}]\ndevices: [{name: n, kind: msix}]'

bad_op "operation that is none" "" "'x': a mapping" x
bad_op "empty operation" "" "one operation per list item" "{}"
bad_op "two operations in one" "" "one operation per list item" "{offline: 1, online: 1}"
bad_op "unknown operation" "" "unknown key 'reboot'; allowed are affinity, offline" "{reboot: 1}"
bad_op "offline of no CPU" .offline "'4': a number from 0 to 3" "{offline: 4}"
bad_op "free of no interrupt" .free "'disk': no such interrupt" "{free: disk}"
bad_op "create of no interrupt" .create "'77': no such interrupt" "{create: 77}"
bad_op "affinity without cpus" .affinity.cpus missing "{affinity: {irq: 0}}"
bad_op "affinity without irq" .affinity.irq missing '{affinity: {cpus: "0"}}'
bad_op "affinity: empty mask" .affinity.cpus "the list is empty" '{affinity: {irq: 0, cpus: ""}}'
bad_op "affinity: impossible mask" .affinity.cpus "none of these CPUs exists" '{affinity: {irq: nic-0, cpus: "64,100-200"}}'

# ---- /proc texts ----
machine() { # online list; /proc/interrupts on stdin
	rm -rf "$tmp/m"
	mkdir -p "$tmp/m/proc" "$tmp/m/sys/devices/system/cpu"
	cat >"$tmp/m/proc/interrupts"
	printf '%s\n' "$1" >"$tmp/m/sys/devices/system/cpu/online"
}

bad_proc() { # description online line: text; /proc/interrupts on stdin
	machine "$2"
	run run --machine "$tmp/m/"
	refused "/proc: $1" 3 "$tmp/m/proc/interrupts$3"
}

recorded=tests/data/recorded-8cpu
run run --machine "$tmp/absent"; refused "/proc: absent" 3 "$tmp/absent/sys/devices/system/cpu/online: can't be opened"
bad_proc "empty" 0-1 ":1: header: no CPU columns" </dev/null
bad_proc "no CPU" 0-1 ":1: header: CPU0 is online but has no column" <<<'      '
bad_proc "no header" 0-1 ":1: header: '24:' where" <<<' 24:  1  0  IO-APIC   5-edge      tty'
bad_proc "header cut" 0-7 ":1: header: 'CP' where" < <(sed '1s/CPU5.*/CP/' $recorded/proc/interrupts)
bad_proc "column missing" 0-7 ":1: header: CPU7 is online but has no column" < <(sed '1s/CPU7//' $recorded/proc/interrupts)
bad_proc "column twice" 0-1 ":1: header: CPU1: there twice" <<<'CPU0 CPU1 CPU1'
bad_proc "CPU 4096" 0-1 ":1: header: CPU4096: at most 4096 CPUs" <<<'CPU0 CPU1 CPU4096'
bad_proc "4097 CPUs" 0-1 ":1: header: CPU4096: at most" < <(seq -f CPU%g -s ' ' 0 4096)
bad_proc "row cut in the counts" 0-1 ":2: interrupt 24: CPU1: no count; the row is cut short" <<<$'CPU0 CPU1\n 24: 7'
bad_proc "row with few counts" 0-1 ":2: interrupt 24: CPU1: no count" <<<$'CPU0 CPU1\n 24: 7 IO-APIC 2-edge x'
bad_proc "row without a chip" 0-1 ":2: interrupt 24: chip: missing" <<<$'CPU0 CPU1\n 24: 7 7'
bad_proc "row without a colon" 0-1 ":2: row: an interrupt number and ':'" <<<$'CPU0 CPU1\n 24 7 7'
bad_proc "text cut in mid-line" 0-7 ":6: row: the text ends in mid-line" < <(head -c 650 $recorded/proc/interrupts)
bad_proc "one CPU" 0 ": has one CPU" <<<$'CPU0\n 24: 7 IO-APIC 2-edge x'
bad_proc "private interrupts only" 0-1 ": has no interrupts of an I/O APIC, PCI MSI or GIC" <<<$'CPU0 CPU1\n 11: 7 7 GICv3 27 Level arch_timer'
bad_proc "another architecture" 0-1 ": has no interrupts of an I/O APIC, PCI MSI or GIC" <<<$'CPU0 CPU1\n 11: 7 7 SiFive PLIC 10 Edge ttyS0'
bad_proc "x86 in an Arm machine" 0-1 ":3: interrupt 12: chip: 'IO-APIC' is of x86, but line 2 of GICv3" <<<$'CPU0 CPU1\n 11: 7 7 GICv3 33 Level tty\n 12: 7 7 IO-APIC 2-edge tty'
bad_proc "Arm in an x86 machine" 0-1 ":3: interrupt 12: chip: 'MSI' is of Arm, but line 2 of x86" <<<$'CPU0 CPU1\n 11: 7 7 PCI-MSI 2-edge x\n 12: 7 7 MSI 2 Edge y'
bad_proc "GICv2 and GICv3" 0-1 ":3: interrupt 12: chip: 'ITS-MSI' is of GICv3, but line 2 of GICv2" <<<$'CPU0 CPU1\n 11: 7 7 GICv2 27 Level arch_timer\n 12: 7 7 ITS-MSI 0 Edge x'
bad_proc "no row says which GIC" 0-1 ": has no row that says which GIC" <<<$'CPU0 CPU1\n 11: 7 7 MSI 33 Edge x'
bad_gic() { # description chip the-rest-of-the-row
	bad_proc "$1" 0-1 ":2: interrupt 11: $2: its number and Level or Edge are expected" <<<$'CPU0 CPU1\n 11: 7 7 '"$2 $3"
}
bad_gic "GIC row cut before its number" GICv3 ""
bad_gic "GIC row cut after its number" GICv2 33
bad_gic "ITS row cut after its number" ITS-MSI 524288
bad_gic "a word for an INTID" GIC-0 "x Level tty"
bad_gic "INTID 1020" GICv3 "1020 Level tty"
bad_gic "an INTID between the SPIs and the extended ones" GICv3 "4095 Edge tty"
bad_gic "an INTID past the extended SPIs" GICv3 "5120 Level tty"
bad_gic "an INTID of 20 digits" GICv3 "18446744073709551649 Level tty"
bad_gic "an INTID above 4 GB" GIC-0 "4294967329 Level tty"
bad_gic "an extended SPI of a GICv2" GICv2 "4096 Level tty"
bad_proc "an INTID twice" 0-1 ": 'tty' and 'rtc' both have INTID 33" <<<$'CPU0 CPU1\n 11: 7 7 GICv2 33 Level tty\n 12: 7 7 GICv2 33 Edge rtc'
bad_proc "9 CPUs of a GICv2" 0-8 ": has 9 CPUs online; a GICv2 has at most 8" <<<$'CPU0 CPU1 CPU2 CPU3 CPU4 CPU5 CPU6 CPU7 CPU8\n 11: 0 0 0 0 0 0 0 0 0 GICv2 33 Level tty'
gic3=tests/data/gicv3-20cpu
bad_proc "GICv3: text cut in mid-line" 0-4,6-19 ":9: row: the text ends in mid-line" < <(head -c 2000 $gic3/proc/interrupts)
bad_proc "GICv3: a CPU more" 0-19 ":1: header: CPU5 is online but has no column" <$gic3/proc/interrupts
bad_proc "binary" 0-1 ": header: not text" < <(printf 'CPU0 \0 CPU1\n')
machine 0-x </dev/null; run run --machine "$tmp/m"
refused "/proc: online list" 3 "$tmp/m/sys/devices/system/cpu/online:1: online: a CPU number is missing"
machine '' </dev/null; run run --machine "$tmp/m"
refused "/proc: empty online list" 3 "online:1: online: the list is empty"

# ---- runs ----
summary='^summary: raised=[0-9]* handled=[0-9]* merged=[0-9]* lost=0 duplicated=0 misdelivered=0 offline=0 moves=[0-9]*$'
clean() { # description
	[ "$code" = 0 ] && [ ! -s "$tmp/err" ] && tail -n 1 "$tmp/out" | grep -q "$summary"
	result $? "$1"
}
for file in scenarios/*.yaml; do
	run run --events 3000 --seed 5 "$file"; clean "$file"
done
run run --events 3000 --machine $recorded; clean "recorded machine from its /proc"
grep -q '8 CPUs, 21 interrupts: msix 15, ioapic-edge 5, ioapic-level 1$' "$tmp/out"
result $? "recorded machine: kinds"
machine 0,2-3 <<'END'
           CPU0       CPU2       CPU3
  0:         10          0          0  IR-IO-APIC    2-edge      timer
  9:          0          5          0  IR-IO-APIC    9-fasteoi   acpi
 16:          0          0          5  IO-APIC  16-fasteoi   uhci_hcd:usb3, ata_piix
 17:          0          0          5  IO-APIC-edge  i8042
 24:          0          0          0  DMAR-MSI    0-edge      dmar0
 25:          0      99999          0  IR-PCI-MSIX-0000:01:00.0    0-edge      nvme0q0
 26:         77          0          0  PCI-MSI-0000:00:1f.2    0-edge      ahci[0000:00:1f.2]
 27:         77          0          0  PCI-MSIX-0000:00:05.0   1-edge      virtio4-input
 28:         77          0          0  PCI-MSI 32768-edge      eth0
 99:          1          1          1  XT-PIC    cascade
NMI:          0          0          0   Non-maskable interrupts
ERR:          0
END
run run --events 3000 --machine "$tmp/m"; clean "every sort of row, sparse CPU numbers"
grep -q '3 CPUs, 9 interrupts: msix 2, msi 2, ioapic-edge 1, ioapic-level 2, remapped 2$' "$tmp/out"
result $? "every sort of row: kinds"
grep -q '1 of other controllers (XT-PIC)$' "$tmp/out"; result $? "rows left out are told"

run run --events 3000 --machine tests/data/gicv2-4cpu; clean "recorded GICv2 from its /proc"
grep -q '3 CPUs, GICv2, 7 interrupts: spi-edge 5, spi-level 2$' "$tmp/out"
result $? "recorded GICv2: kinds"
run run --events 3000 --machine $gic3; clean "recorded GICv3 from its /proc"
grep -q '19 CPUs, GICv3 with ITS, 61 interrupts: spi-edge 1, spi-level 2, lpi 58$' "$tmp/out"
result $? "recorded GICv3: kinds"
machine 0-2 <<'END'
           CPU0       CPU1       CPU2
  3:      10000          0          0     GICv3  27 Level     arch_timer
  5:          0          0          0     GICv3 1057 Level     trbe
  6:          1          1          1  GICv3-23   0 Level     arm-pmu
  7:         10          0          0     GICv3  33 Level     uart-pl011
  8:         10          0          0     GICv3  34 Edge      rtc, another
  9:         10          0          0     GICv3 4200 Level    uncore
 10:         10          0          0     GICv3 4096 Edge     uncore-edge
 20:          0          7          0  ITS-PCI-MSIX-0000:01:00.0   0 Edge      nvme0q0
 21:          0          7          0  ITS-PCI-MSIX-0000:01:00.0   1 Edge      nvme0q1
 22:          0          7          0  ITS-MSI 524288 Edge      xhci_hcd
 23:          0          7          0  ITS-pMSI 1 Edge      arm-smmu-v3-evtq
 24:          0          7          0  MBI-pMSI 1 Edge
 30:          0          0          3  pl061   3 Edge      gpio keys
 31:          0          0          3  BRCM STB PCIe MSI 524288 Edge      xhci_hcd
 32:          0          0          3  PCI-MSI 524288 Edge      nvme1q0
IPI0:        10         15         33       Rescheduling interrupts
Err:          0
END
run run --events 3000 --machine "$tmp/m"; clean "every sort of row of a GICv3"
grep -q '3 CPUs, GICv3 with ITS, 9 interrupts: spi-edge 3, spi-level 2, lpi 4; extended 2$' "$tmp/out"
result $? "every sort of row of a GICv3: kinds"
grep -q '3 of other controllers (pl061)$' "$tmp/out"; result $? "rows of a GICv3 left out are told"
machine 0-7 <<'END'
           CPU0       CPU1       CPU2       CPU3       CPU4       CPU5       CPU6       CPU7
 12:       1000          0          0          0          0          0          0          0     GICv2  27 Level     arch_timer
 13:         10          0          0          0          0          0          0          0     GICv2 1019 Level     mailbox
 14:         10          0          0          0          0          0          0          0  GICv2m-PCI-MSIX-0000:00:01.0   0 Edge      eth0-rx
 15:         10          0          0          0          0          0          0          0     GIC-1  44 Level     second
END
run run --events 3000 --machine "$tmp/m"; clean "every sort of row of a GICv2"
grep -q '8 CPUs, GICv2, 2 interrupts: spi-edge 1, spi-level 1$' "$tmp/out"
result $? "every sort of row of a GICv2: kinds"

run run --machine "$tmp/absent" --fallback scenarios/fallback-4cpu.yaml --events 3000
clean "fallback"
head -n 1 "$tmp/out" | grep -q "^$tmp/absent/.*; scenarios/fallback-4cpu.yaml instead$"
result $? "fallback: says why"
run run --events 3000 --seed 5 scenarios/shared.yaml scenarios/fallback-4cpu.yaml
clean "two scenarios"
[ "$(tail -n 1 "$tmp/out" | sed 's/.*raised=\([0-9]*\).*/\1/')" -ge 6000 ]; result $? "summary over both"
cp "$tmp/out" "$tmp/first"
run run --events 3000 --seed 5 scenarios/shared.yaml scenarios/fallback-4cpu.yaml
cmp -s "$tmp/out" "$tmp/first"; result $? "the same seed, the same report"
run run --events 3000 --seed 6 scenarios/shared.yaml scenarios/fallback-4cpu.yaml
! cmp -s "$tmp/out" "$tmp/first"; result $? "another seed, another report"
run run --quiet --events 3000 scenarios/shared.yaml
clean "--quiet"; [ "$(wc -l <"$tmp/out")" = 1 ]; result $? "--quiet: one line"

run run --events 3000 --json scenarios/shared.yaml
[ "$code" = 0 ] && [ ! -s "$tmp/err" ] && python3 - "$tmp/out" <<'END'
import json, sys
top = json.load(open(sys.argv[1]))
storm = top["storms"][0]
assert storm["name"] == "shared" and storm["cpus"] == 4 and storm["clean"] is True
assert storm["raised"] >= 3000 and storm["lost"] == 0 and top["summary"]["lost"] == 0
assert set(storm["latency_ns"]) == {"p50", "p90", "p99", "p999", "max"}
assert len(storm["vectors_used"]) == 4 and len(storm["kinds"]) == 6
END
result $? "--json to standard output, and nothing else"
run run --events 3000 scenarios/queues-arm.yaml
clean "devices with queues"
grep -q '^queues: requests=6000 completed=6000 overrides=[1-9][0-9]* stops=[1-9][0-9]*$' "$tmp/out"
result $? "devices with queues: all requests complete"
run run --events 3000 --json scenarios/queues-arm.yaml
python3 - "$tmp/out" <<'END'
import json, sys
top = json.load(open(sys.argv[1]))
queues = top["storms"][0]["queues"]
assert queues["requests"] == queues["completed"] == top["summary"]["completed"] == 6000
assert 0 < queues["overrides_done"] <= queues["overrides_asked"]
END
result $? "devices with queues: --json"
run run --events 3000 --json scenarios/arm-64.yaml
python3 - "$tmp/out" <<'END'
import json, sys
storm = json.load(open(sys.argv[1]))["storms"][0]
assert storm["gic"] == 3 and storm["cpus"] == 64 and storm["clean"] is True
assert sorted(storm["kinds"]) == ["lpi", "spi-edge", "spi-level"]
assert all(kind["interrupts"] > 0 and kind["raised"] > 0 for kind in storm["kinds"].values())
assert sum(kind["raised"] for kind in storm["kinds"].values()) == storm["raised"]
assert len(storm["interrupts_held"]) == 64 and "vectors_used" not in storm
assert storm["spurious"] >= 0 and storm["rebalanced"]["counts_differ"] >= 0
END
result $? "--json: an Arm machine"
cat >"$tmp/policy.yaml" <<'END'
cpus: 4
options: {policy: round-robin}
load: {events: 3000, moves: 0, cycles: 8}
devices: [{name: nic, kind: msix, queues: 8}]
END
run run "$tmp/policy.yaml"; clean "a policy"
grep -q '^  rebalanced    [1-8] times  moves [0-9]* .*  counts differ by [01]$' "$tmp/out"; result $? "rebalanced"
run run --json "$tmp/policy.yaml"
python3 - "$tmp/out" <<'END'
import json, sys
storm = json.load(open(sys.argv[1]))["storms"][0]
assert storm["gic"] == 0 and "interrupts_held" not in storm
r = storm["rebalanced"]
assert r["passes"] == storm["cpu_onlines"] > 0 and r["moves"] > 0 and r["counts_differ"] <= 1
assert r["uneven_count"][1] <= r["uneven_count"][0] and len(r["uneven_load"]) == 2
END
result $? "--json: rebalanced"
run run --events 3000 --json="$tmp/r.json" scenarios/shared.yaml
clean "--json=FILE: text too"; python3 -m json.tool "$tmp/r.json" >/dev/null; result $? "--json=FILE"
run run --events 3000 --json=/dev/null scenarios/shared.yaml
[ "$code" = 0 ] && [ -c /dev/null ]; result $? "--json=/dev/null leaves the device alone"
if [ -c /dev/full ]; then
	"$irqferry" run --events 3000 scenarios/shared.yaml >/dev/full 2>"$tmp/err"
	[ $? = 5 ]; result $? "full disk"
fi

printf 'cpus: 2\nvectors: {first: 0x40, last: 0x43}\ndevices: [{name: nic, kind: msix, queues: 9}]\n' >"$tmp/full.yaml"
run run "$tmp/full.yaml"; refused "exhausted vectors" 4 "$tmp/full.yaml: the machine: "

tested
