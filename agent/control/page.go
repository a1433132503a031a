package control

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"time"

	"golang.org/x/text/language"

	"kurir/agent/reason"
)

// pagePolicy lets the page load what it is made of from here, and nothing else from anywhere.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed page
var pageFiles embed.FS

// pageTemplate is the frame of the page: the scripts fill it.
var pageTemplate = template.Must(template.ParseFS(pageFiles, "page/page.html"))

// page is the frame of the page in the reader's language. Without scripts it says so, and where else to look.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	lang := pageLanguage(r, s.o.Language)
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, struct{ Lang string }{lang}); err != nil {
		s.log.Error("page not made", "error", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang)
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Vary", "Accept-Language")
	_, _ = w.Write(b.Bytes()) // the browser may have gone
}

// asset is a file that the page is made of.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // not what this machine's registry makes of them
	case ".js":
		kind = "text/javascript; charset=utf-8"
	case ".css":
		kind = "text/css; charset=utf-8"
	case ".svg":
		kind = "image/svg+xml"
	case ".html":
		http.NotFound(w, r)
		return
	}
	content, err := fs.ReadFile(pageFiles, "page/"+name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// reasons is the catalogue of reasons in both languages, so that the page explains in its reader's.
func (s *Server) reasons(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, reasonWords())
}

// reasonText is one entry of the catalogue.
type reasonText struct {
	What string `json:"what"`
	Who  string `json:"who"`
	Do   string `json:"do"`
}

func reasonWords() map[string]map[string]reasonText {
	words := map[string]map[string]reasonText{}
	for _, code := range reason.Codes() {
		words[string(code)] = map[string]reasonText{}
		for _, lang := range []reason.Language{reason.Indonesian, reason.English} {
			t := reason.Of(code, lang)
			words[string(code)][string(lang)] = reasonText{What: t.What, Who: t.Who, Do: t.Do}
		}
	}
	return words
}

var pageLanguages = language.NewMatcher([]language.Tag{language.Indonesian, language.English})

// pageLanguage is what ?lang asks for, else the browser, else the configuration, else Indonesian.
func pageLanguage(r *http.Request, configured string) string {
	for _, wish := range []string{r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"), configured} {
		tags, _, err := language.ParseAcceptLanguage(wish)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, confidence := pageLanguages.Match(tags...); confidence > language.No {
			return []string{"id", "en"}[i]
		}
	}
	return "id"
}
