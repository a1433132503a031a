package control

import (
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"

	"kurir/agent/reason"
)

// get is a request for something of the page, with the headers of the answer.
func (r *running) get(t *testing.T, address string, headers ...string) (*http.Response, string) {
	t.Helper()
	var got *http.Response
	_, body := r.requestWith(t, "GET", address, "", func(q *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			q.Header.Set(headers[i], headers[i+1])
		}
	}, func(response *http.Response) { got = response })
	return got, body
}

func TestPageLanguage(t *testing.T) {
	r := serve(t, &agentStub{}, func(o *Options) { o.Language = "en" })
	for _, tc := range []struct{ query, header, want string }{
		{"", "", "en"}, {"", "en-GB,en;q=0.9", "en"}, {"", "id", "id"}, {"", "id-ID,id;q=0.9,en;q=0.5", "id"}, {"", "fr-FR", "en"},
		{"?lang=en", "id", "en"}, {"?lang=id", "en", "id"}, {"?lang=zz", "id", "id"}, {"?lang=%00", "", "en"},
		{`?lang="><script>`, "", "en"},
	} {
		response, body := r.get(t, "/"+tc.query, "Accept-Language", tc.header)
		if !strings.Contains(body, `<html lang="`+tc.want+`">`) || response.Header.Get("Content-Language") != tc.want {
			t.Errorf("%+v: another language", tc)
		}
		if strings.Contains(body, "<noscript>") && !strings.Contains(body, "kurir status") {
			t.Errorf("%+v: without scripts it does not say where to look", tc)
		}
	}
}

// The page is made of nothing but its own files, and its policy holds the browser to that.
func TestPageLoadsOnlyItsOwnFiles(t *testing.T) {
	r := serve(t, &agentStub{})
	response, body := r.get(t, "/")
	policy := response.Header.Get("Content-Security-Policy")
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy: %s", policy)
	}
	if regexp.MustCompile(`<style|style=|<script>|onclick|https?:`).MatchString(body) {
		t.Error("the page has something inline or from elsewhere")
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(body, -1) {
		if response, _ := r.get(t, m[1]); response.StatusCode != http.StatusOK {
			t.Errorf("%s answers %d", m[1], response.StatusCode)
		}
	}
	for name, want := range map[string]string{"main.js": "text/javascript", "page.css": "text/css", "icon.svg": "image/svg+xml"} {
		response, _ := r.get(t, "/assets/"+name)
		if kind := response.Header.Get("Content-Type"); !strings.HasPrefix(kind, want) || response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s is %q", name, kind)
		}
	}
	for _, name := range []string{"page.html", "none.js", "..%2fpage.go", "%2e%2e/page.go", ""} {
		if response, _ := r.get(t, "/assets/"+name); response.StatusCode != http.StatusNotFound {
			t.Errorf("%q answers %d", name, response.StatusCode)
		}
	}
}

func TestPageOffHasNoFiles(t *testing.T) {
	r := serve(t, &agentStub{}, func(o *Options) { o.Listen = "" })
	for _, address := range []string{"/", "/assets/main.js", "/assets/reasons.json"} {
		if response, _ := r.get(t, address); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", address, response.StatusCode)
		}
	}
}

func TestPageKnowsAllReasons(t *testing.T) {
	r := serve(t, &agentStub{})
	_, body := r.get(t, "/assets/reasons.json")
	for _, code := range reason.Codes() {
		for _, lang := range []reason.Language{reason.Indonesian, reason.English} {
			words := reasonWords()[string(code)][string(lang)]
			if words.What == "" || words.Do == "" || !strings.Contains(body, `"`+string(code)+`"`) {
				t.Errorf("no words for %s in %s", code, lang)
			}
		}
	}
}

// A key without words would leave a hole in the page; words without a use would rot.
func TestPageHasWordsForAllItsKeys(t *testing.T) {
	words, scripts := "", ""
	for _, name := range scriptsOf(t) {
		b, err := fs.ReadFile(pageFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		if path.Base(name) == "words.js" {
			words = string(b)
			continue
		}
		scripts += string(b)
	}
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?s)\n  (\w+): \[['"](.*?)['"],?\s+['"]`).FindAllStringSubmatch(words, -1) {
		known[m[1]] = m[2] != ""
	}
	if len(known) < 100 {
		t.Fatalf("only %d words were found", len(known))
	}
	for _, m := range regexp.MustCompile(`\b(?:t|sentence|choice)\('(\w+)'`).FindAllStringSubmatch(scripts, -1) {
		if !known[m[1]] {
			t.Errorf("no words for %q", m[1])
		}
	}
	for key := range known {
		stem, _, _ := strings.Cut(key, "_")
		if !strings.Contains(scripts, "'"+key+"'") && !strings.Contains(scripts, "`"+stem+"_${") && !strings.HasSuffix(key, "_means") && key != "duplicate" {
			t.Errorf("nothing says %q", key)
		}
	}
}

// What scanners and servers write must not become anything but text.
func TestPageMakesNothingOfText(t *testing.T) {
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|https?://`)
	for _, name := range scriptsOf(t) {
		b, err := fs.ReadFile(pageFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range forbidden.FindAllString(string(b), -1) {
			if m != "http://" || !strings.Contains(string(b), "http://www.w3.org/2000/svg") {
				t.Errorf("%s uses %s", name, m)
			}
		}
		if lines := strings.Count(string(b), "\n"); lines > 300 {
			t.Errorf("%s has %d lines", name, lines)
		}
	}
}

func scriptsOf(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(pageFiles, "page/*.js")
	if err != nil || len(names) < 10 {
		t.Fatalf("scripts: %v, %v", names, err)
	}
	return names
}
