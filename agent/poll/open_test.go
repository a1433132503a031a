package poll

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
)

func TestOnlyFilesOfTheDocumentAreOpened(t *testing.T) {
	r := newRig(t)
	r.server.set(running("500", "2003"), bringing("2003"))
	r.start()
	if err := r.drop("a.txt", number(1)+"\n"); err != nil {
		t.Fatal(err)
	}
	doc := r.await(number(1), "a response", func(d Document) bool { return len(d.Responses) == 1 && d.Responses[0].PDF != "" })
	open := func(id, name string) (string, error) {
		f, err := r.p.OpenFile(context.Background(), id, name)
		if err != nil {
			return "", err
		}
		defer func() { _ = f.Close() }()
		b, err := io.ReadAll(f)
		return string(b), err
	}
	id := "erp/" + number(1)
	for _, name := range []string{doc.Responses[0].PDF, doc.Responses[0].File, "status.json", "statusrespon.json", "getresbycar.json"} {
		if got, err := open(id, name); err != nil || got != read(t, r.path("documents", number(1), name)) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	for _, name := range []string{"", ".", "respon", "respon/", "respon/..", "../" + number(1) + "/status.json", "respon/../status.json",
		"/etc/passwd", "respon/none.pdf", "a.txt", strings.ReplaceAll(doc.Responses[0].PDF, "/", `\`)} {
		if got, err := open(id, name); !errors.Is(err, ErrNoFile) {
			t.Errorf("%q gives %d bytes, %v", name, len(got), err)
		}
	}
	for _, other := range []string{"", "erp/" + number(2)} {
		if _, err := open(other, "status.json"); !errors.Is(err, ErrNoFile) {
			t.Errorf("document %q: %v", other, err)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	pdf := r.path("documents", number(1), doc.Responses[0].PDF)
	if err := os.Remove(pdf); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(r.path("documents", number(1), "status.json"), pdf); err != nil {
		t.Fatal(err)
	}
	if _, err := open(id, doc.Responses[0].PDF); !errors.Is(err, ErrNoFile) {
		t.Errorf("a link: %v", err)
	}
}
