#!/usr/bin/env bash
# Measures how fast and how small kurir is and prints one table: each figure beside the target that it has, if any; and a plot of
# what grows with what has been done, if anything does.
#
# Usage: testdata/bench.sh [NAME...]     all of it (an hour or so), or the named ones: testdata/bench.sh latency memory
#
# Read the ratios and not the seconds, and only from a machine that does nothing else. KURIR_BENCH_DOCUMENTS and
# KURIR_BENCH_SETS (1 000 000 each) say how much history there is to be, KURIR_BENCH_RECEIPTS (100 000) how many sets are checked,
# KURIR_BENCH_SECONDS (60) how long idleness is watched; strace, where it is installed, counts system calls.
set -euo pipefail
cd "$(dirname "$0")/.."

export KURIR_BENCH_DOCUMENTS=${KURIR_BENCH_DOCUMENTS:-1000000} KURIR_BENCH_SETS=${KURIR_BENCH_SETS:-1000000}
export KURIR_BENCH_RECEIPTS=${KURIR_BENCH_RECEIPTS:-100000}

# name, package, benchmarks
readonly suites='throughput ./agent/upload ThousandSets
latency . Latency
memory . GiBSet|ManyImages|LargePDF
scan ./watcher Scan50k|IdleRescan50k
idle . Idle
documents ./agent/poll Tracked
journal ./agent/journal/bolt Claim|Write
answers ./agent/poll DeliverPDF
check ./agent/upload JournalCheck
growth ./agent/upload Growth
growth ./agent/poll PollGrowth'

# benchmark, metric, what it has to be: those of the design's table
readonly targets='ThousandSets/0s of-least >=0.9
ThousandSets/20ms of-bare >=0.9
ThousandSets/200ms of-bare >=0.97
Latency/listed_renamed p50-ms <=250
Latency/listed_renamed p99-ms <=500
Latency/listed_written p50-ms <=250
Latency/listed_written p99-ms <=500
Latency/unlisted p50-ms <=2250
Latency/unlisted p99-ms <=2500
Latency/polled p99-ms <=3000
GiBSet above-idle-MiB <=64
Scan50k x-floor <=2
Idle/50000 %cpu <=0.5
Idle/50000 rss-MiB <=100
Idle/50000 peak-MiB <=100
Idle/50000_flat peak-MiB <=100
Idle/50000_marked peak-MiB <=100
Tracked us/claim <=1000
Tracked journal-B/document <=2147
TrackedMemory own-rss-MiB <=200
TrackedMemory rss-MiB <=200'

show() {
	awk -v targets="$targets" '
		BEGIN {
			count = split(targets, lines, "\n")
			for (i = 1; i <= count; i++) { split(lines[i], t, " "); target[t[1] " " t[2]] = t[3] }
		}
		/^Benchmark/ {
			name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name)
			for (i = 3; i < NF; i += 2) {
				if ($(i + 1) == "ns/op" && $i == 0) continue
				want = target[name " " $(i + 1)]; verdict = ""
				if (want != "") {
					bound = substr(want, 3) + 0
					verdict = (substr(want, 1, 2) == "<=" ? $i <= bound : $i >= bound) ? "met" : "NOT MET"
				}
				printf "%-30s %-22s %14s   %-8s %s\n", name, $(i + 1), $i, want, verdict
			}
		}
		/^(---|FAIL|panic)/ { print; failed = 1 }
		END { exit failed }'
}

# plot draws each figure of the growth benchmarks over the number of sets or documents that were done before: a bar as long as the
# figure is large, and how many times the first it is.
plot() {
	awk '
		/^Benchmark(Poll)?Growth\// {
			name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name); split(name, part, "/")
			for (i = 3; i < NF; i += 2) {
				if ($(i + 1) == "ns/op") continue
				key = part[1] " " $(i + 1)
				if (!(key in sizes)) order[++keys] = key
				size[key, ++sizes[key]] = part[2]
				value[key, sizes[key]] = $i
				if ($i > most[key]) most[key] = $i
			}
		}
		END {
			for (k = 1; k <= keys; k++) {
				key = order[k]
				printf "\n%s\n", key
				for (n = 1; n <= sizes[key]; n++) {
					v = value[key, n]; bar = ""
					for (c = most[key] > 0 ? int(50 * v / most[key] + 0.5) : 0; c > 0; c--) bar = bar "#"
					printf "%9d |%-50s %g", size[key, n], bar, v
					if (n > 1 && value[key, 1] > 0) printf "   x%.2f", v / value[key, 1]
					print ""
				}
			}
		}'
}

raw=$(mktemp)
trap 'rm -f "$raw"' EXIT
printf '%-30s %-22s %14s   %-8s\n' benchmark figure value target
status=0
while read -r name package benchmarks; do
	if (($# > 0)) && [[ " $* " != *" $name "* ]]; then
		continue
	fi
	go test -run '^$' -bench "^Benchmark($benchmarks)" -benchtime 1x -timeout 3h "$package" 2>&1 </dev/null |
		tee -a "$raw" | show || status=1
done <<<"$suites"
plot <"$raw"
exit "$status"
