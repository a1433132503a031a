package poll

import "strings"

// The codes that have been published or seen. They are data: nothing depends on them but that an unknown one is
// reported once. The same kodeRespon means different things in different kinds of documents.
var (
	knownStatus = codes(`100 104 105 106 107 108 110 120 130 200 205 210 220 230 240 250 300 330 400 440 500 501 800 900
		960 961 962 963 964 965 966 969 971 990`)
	knownRespon = codes(`2000 2001 2002 2003 2004 2005 2015 2020 2026 2090 2099 3010 3014 3015 3016 3020 3028 3091`)
)

func codes(s string) map[string]bool {
	set := make(map[string]bool)
	for _, c := range strings.Fields(s) {
		set[c] = true
	}
	return set
}
