package control_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/sync/errgroup"

	"kurir/agent"
	"kurir/agent/beacukai"
	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
	"kurir/agent/upload"
)

// What changes is seen as it happens, and nothing that one does at the page is disturbed by it.
func TestPageFollowsWithoutDisturbing(t *testing.T) {
	s := newStation(t, "en")
	b := newTab(t, 1200, "en")
	s.fill(200)
	s.start()
	b.open(s.url() + "#/sets")
	b.until("a page of sets", `document.querySelectorAll('tbody tr').length === 50`)
	b.run(chromedp.Evaluate[chromedp.Void](`window.rows = [...document.querySelectorAll('tbody tr')]; document.querySelector('tbody tr:nth-child(30) a').focus();
		window.before = document.activeElement; window.scrollTo(0, 600)`))
	s.drop("lane-1", "NEW1", side("AJU-NEW1"), "1.png")
	b.until("the new set is sent", `document.querySelector('tbody tr').innerText.includes('NEW1') && document.querySelector('tbody tr').innerText.includes('sent')`)
	if !evaluate[bool](b, `document.activeElement === window.before && window.scrollY >= 600 && window.rows.filter((row) => row.isConnected).length >= 49`) {
		t.Error("focus, scroll or rows were lost")
	}

	// one types a search while sets come
	b.run(chromedp.Evaluate[chromedp.Void](`window.scrollTo(0, 0); document.querySelector('input[name=search]').focus()`), chromedp.KeyEvent("aju-"))
	s.drop("lane-1", "NEW2", side("AJU-NEW2"), "1.png")
	b.sees("NEW2")
	b.run(chromedp.KeyEvent("new2"))
	b.until("what is searched", `document.querySelectorAll('tbody tr').length === 1 && document.activeElement.value === 'aju-new2'`)

	// a set that one looks at changes before one's eyes
	s.drop("lane-2", "SLOW", side("AJU-SLOW", "1.png", "2.png"), "1.png")
	b.open(s.url() + "#/set?id=lane-2%2FSLOW")
	b.sees("Something is missing", "2.png")
	s.drop("lane-2", "SLOW2", side("AJU-SLOW2"), "1.png")
	b.sees("2.png")
}

func TestPageWithoutItsAgent(t *testing.T) {
	s := newStation(t, "id")
	b := newTab(t, 1200, "id")
	b.expects("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
	s.start()
	s.drop("lane-1", "AWB1", side("AJU-1"), "1.png")
	b.open(s.url())
	b.tile("terkirim", "1")
	s.stop()
	b.sees("Agen kurir tidak dapat dihubungi sejak")
	b.tile("terkirim", "1") // the last state stays, but that all is well is not known
	b.missed("Semua berjalan baik")
	b.shot("wide-unreachable")
	b.click("Set foto") // and one may look around in what there is
	b.sees("Agen kurir tidak dapat dihubungi sejak", "Set foto")

	s.drop("lane-1", "AWB2", side("AJU-2"), "1.png")
	s.start()
	b.missed("Agen kurir tidak dapat dihubungi sejak")
	b.until("both sets", `document.querySelectorAll('tbody tr').length === 2`)
	s.drop("lane-1", "AWB3", side("AJU-3"), "1.png") // and it hears again
	b.until("three sets", `document.querySelectorAll('tbody tr').length === 3`)
}

func TestPageWithTenThousandSets(t *testing.T) {
	s := newStation(t, "en")
	b := newTab(t, 1200, "en")
	const many = 10_000
	s.fill(many)
	s.start()
	b.open(s.url())
	b.tile("sent", "10,000")
	b.click("Photo sets")
	const page = `document.querySelectorAll('tbody tr').length === 50`
	const first = `document.querySelector('tbody a').innerText`
	b.until("a page", page)
	seen := map[string]bool{}
	for range 5 {
		now := evaluate[string](b, first)
		if seen[now] {
			t.Fatalf("%s comes twice", now)
		}
		seen[now] = true
		b.click("Next")
		b.until("the next page", page+` && `+first+` !== `+quoted(now))
	}
	sixth := evaluate[string](b, first)
	b.click("Previous")
	b.until("the page before", first+` !== `+quoted(sixth))
	if now := evaluate[string](b, first); !seen[now] {
		t.Errorf("%s was not on the page before", now)
	}
	b.click("To the first")
	b.until("no page before", `!document.body.innerText.includes('Previous')`)
	b.run(chromedp.SendKeys(chromedp.CSS("input[name=search]"), "set-04321"))
	b.until("what is searched", `document.querySelectorAll('tbody tr').length === 1 && document.querySelector('tbody').innerText.includes('SET-04321')`)
	b.run(chromedp.SetValue(chromedp.CSS("select[name=state]"), "failed"),
		chromedp.Evaluate[chromedp.Void](`document.querySelector('select[name=state]').dispatchEvent(new Event('change'))`))
	b.sees("Nothing matches this filter")
}

// fill puts sets that were sent into the journal of an agent that does not run.
func (s *station) fill(n int) {
	s.t.Helper()
	must(s.t, os.MkdirAll(s.cfg.DataDir, 0o700))
	store, _, err := bolt.Open(agent.JournalPath(s.cfg), bolt.Options{})
	must(s.t, err)
	g, ctx := errgroup.WithContext(context.Background())
	g.SetLimit(64)
	for i := range n {
		g.Go(func() error {
			set := fmt.Sprintf("SET-%05d", i)
			data, err := json.Marshal(upload.Record{
				Set: set, Root: s.dir, Folder: true, Declaration: beacukai.Declaration{NomorAju: "AJU-" + set, NomorBlAwb: "AWB" + set},
				Images: []upload.Image{{Path: set + "/1.png", Name: "1.png", Size: 1000, State: "sent"}}, Archive: "sent/2026-11-20/" + set, Moved: true,
			})
			if err != nil {
				return err
			}
			return store.Put(ctx, journal.Job{Kind: journal.Xray, Key: "lane-1/" + set + "|AJU-" + set, ID: "lane-1/" + set, Inbox: "lane-1",
				State: journal.Done, Label: upload.StateSent, Data: data})
		})
	}
	must(s.t, g.Wait())
	must(s.t, store.Close())
}
