package beacukai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"kurir/agent/outbox"
)

// FuzzForm: whatever photos and declarations are called (photos have safe names by then), the form is as long as it says, opens again the same, and a server
// that reads it finds the declaration and each photo, and nothing that a name has smuggled in.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"a.jpg", `a".jpg`, "a\r\nX: y\r\n\r\n.jpg", "é.jpg", "", `\..\a`, "a; name=\"data\"", "\xff", strings.Repeat("x", 300)} {
		f.Add(s, "foto.jpg", "AJU1", []byte("content"))
		f.Add("a.jpg", "b.jpg", s, []byte("--\r\n--boundary--\r\n"+s))
	}
	dir := f.TempDir()
	n := 0
	f.Fuzz(func(t *testing.T, one, two, aju string, content []byte) {
		n++
		file := filepath.Join(dir, fmt.Sprint(n%8))
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		day := time.Date(2025, 9, 30, 0, 0, 0, 0, time.UTC)
		if err := os.Chtimes(file, day, day); err != nil {
			t.Fatal(err)
		}
		d := Declaration{NomorAju: aju, NomorBlAwb: one, TanggalBlAwb: "2025-09-30", KodeKantor: "009000"}
		var images []Image
		for _, name := range []string{outbox.SafeName(one), outbox.SafeName(two)} {
			images = append(images, Image{Name: name, Path: file, ContentType: "image/jpeg", Size: int64(len(content)), ModTime: day})
		}
		form, err := newForm(d, images)
		if err != nil {
			t.Fatal(err)
		}
		body := readForm(t, form)
		if int64(len(body)) != form.length {
			t.Fatalf("%d bytes, announced %d", len(body), form.length)
		}
		if !bytes.Equal(body, readForm(t, form)) {
			t.Fatal("opened again, it is another")
		}
		checkForm(t, form, body, d, images, content)
	})
}

func readForm(t *testing.T, f *form) []byte {
	t.Helper()
	r, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkForm reads a form as a server does.
func checkForm(t *testing.T, f *form, body []byte, d Declaration, images []Image, content []byte) {
	t.Helper()
	_, params, err := mime.ParseMediaType(f.contentType)
	if err != nil {
		t.Fatal(err)
	}
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for i := -1; ; i++ {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) && i == len(images) {
			return
		}
		if err != nil || i == len(images) {
			t.Fatalf("part %d of %d: %v", i, len(images), err)
		}
		got, err := io.ReadAll(p)
		if err != nil || len(p.Header) != 2 {
			t.Fatalf("part %d: %v, headers %v", i, err, p.Header)
		}
		if i < 0 {
			var read Declaration
			if err := json.Unmarshal(got, &read); p.FormName() != "data" || err != nil || utf8.ValidString(d.NomorAju+d.NomorBlAwb) && read != d {
				t.Fatalf("the declaration is %q, %v", got, err)
			}
			continue
		}
		_, disposition, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
		if err != nil || p.FormName() != "images" || !bytes.Equal(got, content) {
			t.Fatalf("photo %d: %q, %d bytes, %v", i, p.Header, len(got), err)
		}
		if name := images[i].Name; disposition["filename"] != name {
			t.Fatalf("photo %d is called %q, not %q", i, disposition["filename"], name)
		}
	}
}
