package reason

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var verb = regexp.MustCompile(`%(\[\d+\])?[a-z]`)

// Every detail is said in both languages, with what it is about, and in the words of that language alone.
func TestEveryDetailHasWordsInEveryLanguage(t *testing.T) {
	declared := declared(t, "detail.go", "Detail")
	if len(declared) != len(details) {
		t.Errorf("%d details are declared, %d have words", len(declared), len(details))
	}
	for _, key := range declared {
		words, ok := details[Detail(key)]
		if !ok {
			t.Errorf("%s has no words", key)
			continue
		}
		verbs := verb.FindAllString(words.indonesian, -1)
		if !slices.Equal(verbs, verb.FindAllString(words.english, -1)) {
			t.Errorf("%s: other verbs in %q than in %q", key, words.indonesian, words.english)
		}
		var args []any
		for _, v := range verbs {
			if strings.HasSuffix(v, "d") {
				args = append(args, 7)
			} else {
				args = append(args, "seven")
			}
		}
		if strings.Contains(words.english, "[") { // numbered: two arguments, used again
			args = args[:2]
		}
		indonesian, english := Detail(key).With(args...).In(Indonesian), Detail(key).With(args...).In(English)
		if indonesian == english {
			t.Errorf("%s: the same in both languages: %q", key, english)
		}
		for _, said := range []string{indonesian, english} {
			if said == "" || strings.Contains(said, "%!") || strings.HasSuffix(said, ".") || strings.Contains(said, "  ") {
				t.Errorf("%s: not a tidy phrase: %q", key, said)
			}
		}
	}
}

func TestPhrase(t *testing.T) {
	p := OnLine.With(3, FieldMissing.With("kodeKantor"))
	if got := p.In(Indonesian); got != "baris 3: kodeKantor tidak ada" {
		t.Errorf("in Indonesian: %q", got)
	}
	if got := fmt.Sprint(p); got != "line 3: kodeKantor is missing" {
		t.Errorf("printed: %q", got)
	}
	if got := ImageEmpty.With("100%s.jpg").In("fr"); got != "100%s.jpg is empty" {
		t.Errorf("a name with a verb: %q", got)
	}
	if got := Detail("something_new").With(1).In(Indonesian); got != "something_new" {
		t.Errorf("an unknown detail: %q", got)
	}
}
