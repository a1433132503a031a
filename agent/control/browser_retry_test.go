package control_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"kurir/agent/control"
	"kurir/agent/outbox"
	"kurir/agent/upload"
)

// broken drops a set that cannot be sent, and waits until it has failed.
func (s *station) broken(set string) {
	s.t.Helper()
	s.drop("lane-1", set, map[string]any{"nomorAju": "AJU-" + set}, "1.png")
	s.failed(set)
}

func (s *station) failed(set string) {
	s.t.Helper()
	eventually(s.t, set+" has failed", func() bool {
		found, err := s.agent.Sets(s.t.Context(), control.Query{ID: "lane-1/" + set, State: upload.StateFailed})
		_, missing := os.Stat(filepath.Join(s.dir, "out/xray/failed", outbox.SafeName(set), "data.json"))
		return err == nil && missing == nil && len(found.Sets) == 1
	})
}

// mend corrects a failed set.
func (s *station) mend(set string) {
	s.t.Helper()
	must(s.t, os.WriteFile(filepath.Join(s.dir, "out/xray/failed", set, "data.json"), []byte(quoted(side("AJU-"+set))), 0o600))
}

const dialogOpen = `Boolean(document.querySelector('dialog[open]'))`

func TestPageTriesAgainWithATokenThatIsPasted(t *testing.T) {
	s := newStation(t, "en")
	b := newTab(t, 1200, "en")
	b.expects("401")
	s.start()
	s.broken("BAD1")
	b.open(s.url() + "#/set?id=lane-1%2FBAD1")
	b.click("Try again")
	b.sees("The token is needed", filepath.Join(s.cfg.DataDir, "control.json"), "kurir status --page")
	b.run(chromedp.SendKeys(chromedp.CSS("dialog input"), "nonsense\r"))
	b.sees("That token was not accepted")
	b.click("Cancel")
	b.until("no dialog", "!"+dialogOpen)

	s.mend("BAD1")
	b.click("Try again")
	b.sees("The token is needed")
	b.run(chromedp.SendKeys(chromedp.CSS("dialog input"), s.token()+"\r"))
	b.sees("Customs has every photo")
	b.missed("Try again")

	// it is remembered, but not for longer than the agent lives
	s.broken("BAD2")
	b.open(s.url() + "#/set?id=lane-1%2FBAD2")
	s.mend("BAD2")
	b.click("Try again")
	b.sees("Customs has every photo")
	s.broken("BAD3")
	s.mend("BAD3")
	b.expects("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
	s.stop()
	s.start()
	b.open(s.url() + "#/set?id=lane-1%2FBAD3")
	b.click("Try again")
	b.sees("That token was not accepted")
	b.run(chromedp.SendKeys(chromedp.CSS("dialog input"), s.token()+"\r"))
	b.sees("Customs has every photo")
}

func TestPageTriesAgainWithTheAddressThatACommandPrints(t *testing.T) {
	s := newStation(t, "id")
	b := newTab(t, 1200, "id")
	s.start()
	s.broken("BAD1")
	s.mend("BAD1")
	b.open(s.url() + "#token=" + s.token())
	b.until("a clean address", `location.hash === '#/' && document.body.innerText.includes('Ringkasan')`)
	if kept := evaluate[bool](b, `document.body.innerText.includes(sessionStorage.getItem('kurir.token')) || Boolean(localStorage.getItem('kurir.token'))`); kept {
		t.Error("the token is shown, or kept for ever")
	}
	b.click("Lihat alasan dan tindakannya")
	b.click("lane-1/BAD1")
	b.click("Coba lagi")
	b.sees("Semua foto sudah diterima Bea Cukai")
	if evaluate[bool](b, dialogOpen) {
		t.Error("the token was asked for")
	}
}

func TestPageSaysWhenThereIsNothingToTryAgain(t *testing.T) {
	s := newStation(t, "en")
	b := newTab(t, 1200, "en")
	b.expects("404")
	s.start()
	s.broken("BAD1")
	must(t, os.Rename(filepath.Join(s.dir, "out/xray/failed/BAD1"), filepath.Join(s.dir, "elsewhere")))
	b.open(s.url() + "#token=" + s.token())
	b.open(s.url() + "#/set?id=lane-1%2FBAD1")
	b.click("Try again")
	b.sees("There is nothing to try again", "Photos (1)")
	b.until("no picture, and that is said", `document.querySelector('.frame').classList.contains('missing')`)
}
