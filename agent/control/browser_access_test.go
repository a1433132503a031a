package control_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// allViews are the views of a busy station, each with words that show that it is there.
var allViews = []struct{ name, address, words string }{
	{"overview", "#/", "lane-2"},
	{"sets", "#/sets", "AWB1006"},
	{"set", "#/set?id=lane-1%2FAWB1001", "side view.png"},
	{"failed", "#/set?id=lane-1%2FAWB1004", "sidecar_invalid"},
	{"waiting", "#/set?id=lane-1%2FAWB1003", "2.png"},
	{"documents", "#/documents", published},
	{"document", "#/document?id=erp%2F05080000000220240228000823", "PDF"},
	{"lists", "#/lists", "monday.csv"},
	{"log", "#/log", "set sent"},
	{"nothing", "#/sets?search=nothing-of-this-name", ""},
}

// settled is a busy station at which everything has come to its end.
func settled(t *testing.T) (*station, *tab) {
	t.Helper()
	s := busy(t, "id")
	b := newTab(t, 1200, "id")
	b.open(s.url())
	b.tile("terkirim", "2")
	b.tile("gagal", "1")
	b.tile("mencoba lagi", "2")
	b.tile("selesai", "2")
	return s, b
}

func (b *tab) prefers(scheme string) {
	b.t.Helper()
	b.run(func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return chromedp.Void{}, err
	})
}

// axe (https://github.com/dequelabs/axe-core) finds nothing on any view, in either theme, wide or narrow. $KURIR_AXE is
// its axe.min.js.
func TestPageIsAccessible(t *testing.T) {
	path := os.Getenv("KURIR_AXE")
	theBrowser(t)
	if path == "" && os.Getenv("KURIR_BROWSER") == "" {
		t.Skip("KURIR_AXE does not name axe.min.js")
	}
	axe, err := os.ReadFile(path)
	must(t, err)
	s, b := settled(t)
	for _, width := range []int64{1200, 360} {
		b.run(chromedp.EmulateViewport(width, 800))
		for _, theme := range []string{"light", "dark"} {
			b.prefers(theme)
			for _, view := range allViews {
				b.open(s.url() + view.address)
				b.sees(view.words)
				b.axe(string(axe), theme+" "+view.name)
			}
			b.open(s.url() + "#/set?id=lane-1%2FAWB1004")
			b.click("Coba lagi")
			b.sees("Token diperlukan")
			b.axe(string(axe), theme+" token")
			b.run(chromedp.KeyEvent(kb.Escape))
		}
	}
	b.expects("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
	b.open(s.url())
	b.sees("lane-2")
	s.stop()
	b.sees("tidak dapat dihubungi sejak")
	b.axe(string(axe), "without an agent")
}

func (b *tab) axe(script, what string) {
	b.t.Helper()
	b.until("loaded", `!document.body.innerText.includes('Memuat')`)
	b.run(chromedp.Evaluate[chromedp.Void](script))
	found := evaluate[[]string](b, `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
		.then((r) => r.violations.map((v) => v.id + ': ' + v.help + ': ' + v.nodes.map((n) => n.html + ' ' + n.failureSummary).join('\n')))`)
	for _, violation := range found {
		b.t.Errorf("%s: %s", what, violation)
	}
}

// On a phone nothing sticks out to the side, and what one taps is large enough.
func TestPageOnAPhone(t *testing.T) {
	s, b := settled(t)
	b.run(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch))
	for _, view := range allViews {
		b.open(s.url() + view.address)
		b.sees(view.words)
		if wide := evaluate[int](b, `document.documentElement.scrollWidth`); wide > 360 {
			t.Errorf("%s is %d wide: %s", view.name, wide, evaluate[string](b, `[...document.querySelectorAll('#page *')]
				.filter((e) => e.getBoundingClientRect().right > 361).map((e) => e.outerHTML.slice(0, 90)).join('\n')`))
		}
		small := evaluate[[]string](b, `[...document.querySelectorAll('header a, button, select, input, .button, .tile')].filter((e) => e.offsetParent)
			.filter((e) => e.getBoundingClientRect().height < 30).map((e) => e.outerHTML.slice(0, 90))`)
		if len(small) > 0 {
			t.Errorf("%s: too small to tap: %s", view.name, strings.Join(small, "\n"))
		}
		b.shot("narrow-" + view.name)
	}
}

func TestPageByKeyboard(t *testing.T) {
	s := newStation(t, "en")
	s.start()
	s.broken("BAD1")
	b := newTab(t, 1200, "en")
	b.open(s.url())
	b.sees("Photo sets that failed and are not tried again: 1")
	const focused = `document.activeElement.innerText`
	// press tabs until something is focused, and says that it can be seen that it is
	tabTo := func(text string) {
		t.Helper()
		for range 40 {
			b.run(chromedp.KeyEvent(kb.Tab))
			if strings.Contains(evaluate[string](b, focused+` || ''`), text) {
				if evaluate[string](b, `getComputedStyle(document.activeElement).outlineStyle`) == "none" {
					t.Errorf("%s: the focus cannot be seen", text)
				}
				return
			}
		}
		t.Fatalf("no way to %s by the tab key", text)
	}
	tabTo("Skip to the content")
	b.run(chromedp.KeyEvent(kb.Enter))
	if evaluate[string](b, `document.activeElement.id`) != "content" {
		t.Error("the content was not skipped to")
	}
	tabTo("See why, and what to do")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.until("the filtered sets, read from their title", `document.activeElement.tagName === 'H1' && `+focused+` === 'Photo sets'`)
	tabTo("lane-1/BAD1")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.sees("What to do")
	tabTo("Try again")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.until("the field for the token", dialogOpen+` && document.activeElement.name === 'token'`)
	b.run(chromedp.KeyEvent(kb.Escape))
	b.until("back at the button", `!`+dialogOpen+` && `+focused+` === 'Try again'`)
	s.mend("BAD1")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.until("the field again", dialogOpen+` && document.activeElement.name === 'token'`)
	b.run(chromedp.KeyEvent(s.token() + kb.Enter))
	b.sees("Customs has every photo")
}

func TestPageInLightAndDark(t *testing.T) {
	s, b := settled(t)
	const dark = `getComputedStyle(document.body).backgroundColor === 'rgb(16, 23, 29)'`
	choose := func(theme string) {
		b.run(chromedp.SetValue(chromedp.CSS(".theme select"), theme),
			chromedp.Evaluate[chromedp.Void](`document.querySelector('.theme select').dispatchEvent(new Event('change'))`))
	}
	b.prefers("light")
	b.until("light as the system", "!("+dark+")")
	b.prefers("dark")
	b.until("dark as the system", dark)
	b.shot("wide-overview-dark")
	choose("light")
	b.until("light as was chosen", "!("+dark+")")
	b.run(chromedp.Reload())
	b.sees("Ringkasan")
	b.until("still light", "!("+dark+") && document.querySelector('.theme select').value === 'light'")
	b.prefers("light")
	choose("dark")
	b.until("dark as was chosen", dark)
	for _, view := range allViews {
		b.open(s.url() + view.address)
		b.sees(view.words)
		b.shot("wide-" + view.name + "-dark")
	}
}
