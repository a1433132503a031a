package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// The browser is $KURIR_BROWSER, which must then be there, or what is installed; without any these tests are skipped, and
// so are they when it is "off".
var startBrowser = sync.OnceValues(func() (context.Context, error) {
	path := os.Getenv("KURIR_BROWSER")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path == "" {
			path, _ = exec.LookPath(name)
		}
	}
	if path == "" {
		return nil, errors.New("no Chromium is installed; set KURIR_BROWSER to one")
	}
	profile, err := os.MkdirTemp("", "kurir-browser-")
	if err != nil {
		return nil, err
	}
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Headless, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.UserDataDir(profile), chromedp.WSURLReadTimeout(time.Minute)}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-dev-shm-usage", "disable-background-timer-throttling", "disable-renderer-backgrounding"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, endBrowser := chromedp.NewContext(allocator)
	endAll = func() { endBrowser(); endAllocator(); _ = os.RemoveAll(profile) }
	return browser, chromedp.Do(browser)
})

var endAll = func() {}

// theBrowser is the one that all tests use. Without one the test is skipped.
func theBrowser(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("KURIR_BROWSER") == "off" {
		t.Skip("KURIR_BROWSER is off: another run looks at the page")
	}
	browser, err := startBrowser()
	if err != nil && os.Getenv("KURIR_BROWSER") == "" {
		t.Skip("no browser: ", err)
	}
	if err != nil {
		t.Fatal("the browser does not start: ", err)
	}
	return browser
}

func TestMain(m *testing.M) {
	code := m.Run()
	endAll()
	os.Exit(code)
}

// tab is one window of a browser that has seen nothing before. Whatever its scripts complain of fails the test.
type tab struct {
	t    *testing.T
	ctx  context.Context
	mu   sync.Mutex
	bad  []string // what scripts, or the browser about them, complained of
	fine []string // parts of complaints that are to be expected
}

// newTab opens a window of a width, in the language of the reader's browser. It is opened after the station, so that it
// is closed before.
func newTab(t *testing.T, width int64, language string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(theBrowser(t), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 10*time.Minute)
	t.Cleanup(stop)
	b := &tab{t: t, ctx: ctx}
	messages := chromedp.Console(ctx)
	go func() {
		for message, err := range messages {
			if err != nil {
				return // the window is closed
			}
			b.hear(message)
		}
	}()
	b.run(chromedp.EmulateViewport(width, 900), func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, emulation.SetUserAgentOverride,
			emulation.SetUserAgentOverrideParams{UserAgent: "kurir test", AcceptLanguage: language})
		return chromedp.Void{}, err
	})
	t.Cleanup(b.check)
	return b
}

func (b *tab) hear(message chromedp.ConsoleMessage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if message.IsException() || message.Type == chromedp.ConsoleError {
		b.bad = append(b.bad, message.Text+" "+message.URL)
	}
}

// expects says that complaints with these words are to be expected.
func (b *tab) expects(words ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fine = append(b.fine, words...)
}

func (b *tab) check() {
	b.mu.Lock()
	defer b.mu.Unlock()
complaints:
	for _, complaint := range b.bad {
		for _, fine := range b.fine {
			if strings.Contains(complaint, fine) {
				continue complaints
			}
		}
		b.t.Errorf("the browser complains: %s", complaint)
	}
}

func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatalf("%v\nthe page shows:\n%s", err, b.text())
	}
}

// text is what a reader sees.
func (b *tab) text() string {
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ''`))
	return text
}

// until waits until a JavaScript expression is true.
func (b *tab) until(what, js string) {
	b.t.Helper()
	b.holds(what, func() bool {
		holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](js))
		return err == nil && holds
	})
}

// holds waits until a condition about the page holds.
func (b *tab) holds(what string, condition func() bool) {
	b.t.Helper()
	deadline := time.NewTimer(3 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			b.t.Fatalf("never came: %s\nthe page shows:\n%s", what, b.text())
		case <-tick.C:
		}
	}
}

// sees waits until a reader sees all of these texts.
func (b *tab) sees(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		b.until("text "+text, fmt.Sprintf(`document.body.innerText.includes(%s)`, quoted(text)))
	}
}

// missed waits until a reader sees none of these texts.
func (b *tab) missed(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		b.until("no text "+text, fmt.Sprintf(`!document.body.innerText.includes(%s)`, quoted(text)))
	}
}

// evaluate is the value of a JavaScript expression.
func evaluate[T any](b *tab, js string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// click clicks, with the mouse, what a reader would: the first link, button or summary with this text.
func (b *tab) click(text string) {
	b.t.Helper()
	js := fmt.Sprintf(`(() => {
		const found = [...document.querySelectorAll('dialog[open] button, a, button, summary')].find((e) => e.offsetParent && e.innerText.trim().includes(%s));
		if (!found) return null;
		found.scrollIntoView({ block: 'center' });
		const { left, top, width, height } = found.getClientRects()[0];
		return [left + width / 2, top + height / 2];
	})()`, quoted(text))
	var before, at []float64
	b.holds("something to click: "+text, func() bool { // that does not move: the page may be writing itself anew
		found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]float64](js))
		before, at = at, found
		return err == nil && len(at) == 2 && slices.Equal(before, at)
	})
	b.run(chromedp.MouseClickXY(at[0], at[1]))
}

func (b *tab) open(url string) {
	b.t.Helper()
	b.run(chromedp.Navigate(url))
}

// shot takes a picture of the whole page into $KURIR_SHOTS, for people who want to look.
func (b *tab) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("KURIR_SHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	must(b.t, err)
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func quoted(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(3 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatalf("not so after three minutes: %s", what)
		case <-tick.C:
		}
	}
}
