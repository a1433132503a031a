package control

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
)

const pageRows = 50 // sets and documents that the page shows, the latest first

//go:embed page.html
var pageSource string

// pageTemplates are the page in each language.
var pageTemplates = map[string]*template.Template{"id": parsePage("id"), "en": parsePage("en")}

func parsePage(lang string) *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"t":      func(key string) string { return pageText(lang, key) },
		"counts": counts,
		"when":   when,
		"ago":    ago,
		"bytes":  size,
	}).Parse(pageSource))
}

// view is what the page is made of.
type view struct {
	Lang      string
	Now       time.Time
	Overview  Overview
	Problems  []Problem
	Sets      []Set
	Documents []Document
}

// page is a plain overview, made on the server, that renews itself.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	v, err := s.view(r)
	if err != nil {
		s.log.Warn("control request failed", "error", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var b bytes.Buffer
	if err := pageTemplates[v.Lang].Execute(&b, v); err != nil {
		s.log.Error("page not made", "error", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.Lang)
	w.Header().Set("Vary", "Accept-Language")
	_, _ = w.Write(b.Bytes()) // the browser may have gone
}

func (s *Server) view(r *http.Request) (view, error) {
	v := view{Now: time.Now()}
	var err error
	if v.Overview, err = s.o.Source.Overview(r.Context()); err != nil {
		return v, err
	}
	sets, err := s.o.Source.Sets(r.Context(), Query{Limit: pageRows})
	if err != nil {
		return v, err
	}
	documents, err := s.o.Source.Documents(r.Context(), Query{Limit: pageRows})
	if err != nil {
		return v, err
	}
	v.Sets, v.Documents, v.Problems = sets.Sets, documents.Documents, v.Overview.Problems
	v.Lang = pageLanguage(r, v.Overview.Language)
	return v, nil
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

func pageText(lang, key string) string {
	if lang == "en" {
		return pageTexts[key][1]
	}
	return pageTexts[key][0]
}

// pageTexts are the page's words in Indonesian and English. States and error codes are the contract's, not translated.
var pageTexts = map[string][2]string{
	"ready":     {"Semua berjalan", "Everything works"},
	"problems":  {"Perlu perhatian", "Needs attention"},
	"inboxes":   {"Folder masuk", "Inboxes"},
	"apis":      {"Layanan", "Services"},
	"sets":      {"Set foto terakhir", "Latest photo sets"},
	"documents": {"Nomor Aju terakhir", "Latest Aju numbers"},
	"name":      {"Nama", "Name"},
	"folder":    {"Folder", "Folder"},
	"state":     {"Keadaan", "State"},
	"count":     {"Jumlah", "Counts"},
	"oldest":    {"Menunggu sejak", "Waiting since"},
	"updated":   {"Diperbarui", "Updated"},
	"next":      {"Berikutnya", "Next"},
	"why":       {"Alasan dan tindakan", "Reason and what to do"},
	"photos":    {"Foto", "Photos"},
	"none":      {"Belum ada apa pun.", "Nothing yet."},
	"offline":   {"tidak terjangkau sejak", "offline since"},
	"watch":     {"dipantau dengan", "watched by"},
	"skipped":   {"diabaikan", "left alone"},
	"waits_for": {"menunggu", "waiting for"},
	"since":     {"berjalan sejak", "running since"},
	"journal":   {"jurnal", "journal"},
	"url":       {"Alamat", "Address"},
	"until":     {"dicoba lagi", "tried again"},
	"renewed":   {"Halaman ini memperbarui diri setiap 10 detik.", "This page renews itself every 10 seconds."},
}

// counts shows states with how many are in each, the most first.
func counts(c map[string]int) string {
	states := slices.SortedFunc(maps.Keys(c), func(a, b string) int {
		return cmp.Or(cmp.Compare(c[b], c[a]), cmp.Compare(a, b))
	})
	parts := make([]string, 0, len(states))
	for _, state := range states {
		if c[state] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c[state], state))
		}
	}
	return strings.Join(parts, ", ")
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// ago shows the span between two times, in its two largest units at most.
func ago(now, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := now.Sub(t).Abs().Round(time.Second)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d d", int(d.Hours()/24))
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d m", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%d m", int(d.Minutes()))
	default:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
}

func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
	default:
		return fmt.Sprintf("%d B", n)
	}
}
