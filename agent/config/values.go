package config

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// fault is what is wrong with a value and what to write instead. It never repeats the value, which may come from a
// variable.
type fault struct {
	message string
	remedy  string
}

const durationRemedy = `write a number with s, m, h or d, such as 90s, 15m or 1d12h`

// parseDuration reads a Go duration in which days may come first.
func parseDuration(text string) (Duration, *fault) {
	var days time.Duration
	rest := text
	if number, after, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || strings.ContainsAny(number, "eExXpPiInN_") {
			return 0, &fault{"is not a duration", durationRemedy}
		}
		if n < 0 {
			return 0, &fault{"is a negative duration", durationRemedy}
		}
		if n >= float64(math.MaxInt64)/float64(day) {
			return 0, &fault{"is too long a duration", "write at most 100000d"}
		}
		days, rest = time.Duration(n*float64(day)), after
		if rest == "" {
			return Duration(days), nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil {
		if _, numErr := strconv.ParseFloat(rest, 64); numErr == nil {
			return 0, &fault{"is a duration without a unit", durationRemedy}
		}
		return 0, &fault{"is not a duration", durationRemedy}
	}
	if d < 0 {
		return 0, &fault{"is a negative duration", durationRemedy}
	}
	if days+d < days {
		return 0, &fault{"is too long a duration", "write at most 100000d"}
	}
	return Duration(days + d), nil
}

const sizeRemedy = "write a whole number with KiB, MiB or GiB, such as 25MiB"

// sizeUnits has the longer names before those that they end in.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"KB", 0}, {"MB", 0}, {"GB", 0}, {"K", 0}, {"M", 0}, {"G", 0}, {"B", 1},
}

// parseSize reads a number of bytes.
func parseSize(text string) (Size, *fault) {
	number, bytes := text, int64(1)
	for _, unit := range sizeUnits {
		cut, found := cutSuffixFold(text, unit.name)
		if !found {
			continue
		}
		if unit.bytes == 0 {
			return 0, &fault{"has a unit that means different things to different people", sizeRemedy}
		}
		number, bytes = strings.TrimSpace(cut), unit.bytes
		break
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, &fault{"is not a size", sizeRemedy}
	}
	if n < 0 {
		return 0, &fault{"is a negative size", sizeRemedy}
	}
	if n > math.MaxInt64/bytes {
		return 0, &fault{"is too large a size", sizeRemedy}
	}
	return Size(n * bytes), nil
}

func cutSuffixFold(s, suffix string) (string, bool) {
	at := len(s) - len(suffix)
	if at < 0 || !strings.EqualFold(s[at:], suffix) {
		return s, false
	}
	return s[:at], true
}

const rateRemedy = `write a number and /s, /m or /h, such as 10/s or 600/m, or 0 for no limit`

// parseRate reads requests per second.
func parseRate(text string) (Rate, *fault) {
	number, unit, hasUnit := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return 0, &fault{"is not a rate", rateRemedy}
	}
	if n < 0 {
		return 0, &fault{"is a negative rate", rateRemedy}
	}
	if !hasUnit {
		if n == 0 {
			return 0, nil
		}
		return 0, &fault{"is a rate that does not say per what", rateRemedy}
	}
	per, known := map[string]float64{"s": 1, "m": 60, "h": 3600}[strings.TrimSpace(unit)]
	if !known {
		return 0, &fault{"is not a rate", rateRemedy}
	}
	if n > 0 && n/per < 1/day.Seconds() {
		return 0, &fault{"is less than one a day", rateRemedy}
	}
	return Rate(n / per), nil
}
