package control_test

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// another opens one more window beside this one, of the same person: they share what the browser has for one address.
// window.sources are its connections for events.
func (b *tab) another() *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	w := &tab{t: b.t, ctx: ctx}
	w.run(func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: `window.sources = []; window.EventSource = class extends EventSource { constructor(url) { super(url); window.sources.push(this); } };`})
		return chromedp.Void{}, err
	})
	return w
}

// show minimises the window, or brings it back.
func (b *tab) show(state browser.WindowState) {
	b.t.Helper()
	b.run(func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		w, err := chromedp.Call(ctx, browser.GetWindowForTarget, browser.GetWindowForTargetParams{})
		if err == nil {
			_, err = chromedp.Call(ctx, browser.SetWindowBounds, browser.SetWindowBoundsParams{WindowID: w.WindowID, Bounds: &browser.Bounds{WindowState: state}})
		}
		return chromedp.Void{}, err
	})
}

// Each click on the link in the start menu opens one more window. However many are left open, the next one works, and one
// that is looked at again shows what has happened meanwhile, and what happens from then on.
func TestPageInManyWindows(t *testing.T) {
	s := newStation(t, "en")
	s.start()
	first := newTab(t, 1200, "en")
	first.expects("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
	first.open(s.url())
	first.sees("Everything is working")
	var last *tab
	for range 8 {
		last = first.another()
		ctx, cancel := context.WithTimeout(last.ctx, time.Minute)
		err := chromedp.Do(ctx, chromedp.Navigate(s.url()))
		cancel()
		if err != nil {
			t.Fatal("one more window: ", err)
		}
		last.sees("Everything is working")
		last.until("it hears", `window.sources.some((source) => source.readyState === EventSource.OPEN)`)
		last.show(browser.WindowStateMinimized)
		last.until("it has given its connection back", `document.hidden && window.sources.every((source) => source.readyState === EventSource.CLOSED)`)
	}
	s.drop("lane-1", "AWB1", side("AJU-1"), "1.png")
	first.tile("sent", "1")
	last.show(browser.WindowStateNormal)
	last.tile("sent", "1")
	last.until("it hears again", `window.sources.some((source) => source.readyState === EventSource.OPEN)`)
	s.drop("lane-1", "AWB2", side("AJU-2"), "1.png")
	last.tile("sent", "2")

	// an agent that goes while nobody looks is missed all the same, and so is its return
	last.show(browser.WindowStateMinimized)
	last.until("it is hidden", `document.hidden`)
	s.stop()
	last.show(browser.WindowStateNormal)
	last.sees("The kurir agent is not reachable since")
	s.start()
	last.missed("The kurir agent is not reachable since")
}
