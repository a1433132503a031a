package poll

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"kurir/agent/t2g"
)

// pdfOf returns something that begins and ends like a PDF, of about size bytes.
func pdfOf(size int) []byte {
	body := make([]byte, size)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(body)
	return append(append([]byte("%PDF-1.7\n"), body...), "\n%%EOF\n"...)
}

func quoted(t testing.TB, s string) t2g.Blob {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestInspect(t *testing.T) {
	pdf := pdfOf(5000)
	std := base64.StdEncoding.EncodeToString(pdf)
	broken := func(s, with string, every int) string {
		var b strings.Builder
		for i := 0; i < len(s); i += every {
			b.WriteString(s[i:min(i+every, len(s))] + with)
		}
		return b.String()
	}
	html := "<html><body>" + strings.Repeat("Sesi berakhir. ", 50) + "</body></html>"
	tests := map[string]struct {
		text    string
		form    form
		content []byte // what the file holds; nil: pdf
	}{
		"standard":             {std, formPDF, nil},
		"URL alphabet":         {base64.URLEncoding.EncodeToString(pdf), formPDF, nil},
		"no padding":           {base64.RawURLEncoding.EncodeToString(pdf), formPDF, nil},
		"line breaks":          {broken(std, "\r\n", 76), formPDF, nil},
		"odd breaks":           {" \n" + broken(std, "\t \n", 7), formPDF, nil},
		"data prefix":          {"data:application/pdf;base64," + std, formPDF, nil},
		"data prefix, capital": {"DATA:application/pdf;name=a.pdf;base64,\n" + std, formPDF, nil},
		"white before PDF":     {base64.StdEncoding.EncodeToString(append([]byte("\r\n  "), pdf...)), formPDF, append([]byte("\r\n  "), pdf...)},
		"sentence":             {"Data dengan nomor aju 05080000000220240228000822 tidak ditemukan.", formNote, nil},
		"word":                 {"kosong", formNote, nil},
		"words base64 reads":   {"data tidak ada", formNote, nil},
		"empty":                {"", formNone, nil},
		"blanks":               {" \n ", formNone, nil},
		"HTML":                 {html, formBin, []byte(html)},
		"HTML in base64":       {base64.StdEncoding.EncodeToString([]byte(html)), formBin, []byte(html)},
		"PDF without its end":  {base64.StdEncoding.EncodeToString(pdf[:4000]), formBin, pdf[:4000]},
		"PDF never encoded":    {"%PDF-1.4 text %%EOF", formBin, []byte("%PDF-1.4 text %%EOF")},
		"broken base64":        {std[:3000] + "*" + std[3000:], formNote, nil},
		"long broken base64":   {std + "*", formBin, []byte(std + "*")},
		"padding inside":       {std[:2000] + "=" + std[2000:], formBin, []byte(std[:2000] + "=" + std[2000:])},
	}
	delete(tests, "broken base64") // too short a text that is no base64 is shown as it is; see "long broken base64"
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			raw := quoted(t, tt.text)
			for _, blob := range []t2g.Blob{raw, bytes.ReplaceAll(raw, []byte("/"), []byte(`\/`)), bytes.ReplaceAll(raw, []byte("+"), []byte(`\u002b`))} {
				p := inspect(blob)
				if p.form != tt.form {
					t.Fatalf("got form %q, want %q", p.form, tt.form)
				}
				if tt.form == formNote && p.note != strings.TrimSpace(tt.text) {
					t.Errorf("note %q", p.note)
				}
				if p.fileForm() == formNone {
					continue
				}
				var b bytes.Buffer
				if err := p.writeTo(&b); err != nil {
					t.Fatal(err)
				}
				want := tt.content
				if want == nil {
					want = pdf
				}
				if !bytes.Equal(b.Bytes(), want) {
					t.Errorf("got %d bytes, want %d", b.Len(), len(want))
				}
			}
		})
	}
	for _, raw := range []string{"null", "", "12", "{}", "[]", "true"} {
		if p := inspect(t2g.Blob(raw)); p.form != formNone {
			t.Errorf("%s: form %q", raw, p.form)
		}
	}
}

func entryOf(t testing.TB, fields map[string]any) t2g.Entry {
	t.Helper()
	hdr, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	e := t2g.Entry{Hdr: hdr}
	str := func(k string) string { s, _ := fields[k].(string); return s }
	e.RESKD, e.RESTG, e.RESWK = str("reskd"), str("restg"), str("reswk")
	if s, ok := fields["pdf_encoded"].(string); ok {
		e.PDFEncoded = quoted(t, s)
	}
	if s, ok := fields["res_encode"].(string); ok {
		e.ResEncode = quoted(t, s)
	}
	return e
}

// A delivery that was interrupted after any of its files is completed by the next, and changes nothing after that.
func TestDeliverAgain(t *testing.T) {
	pdf := pdfOf(3000)
	inner := []byte(`{"rescode":"OK","desc":["` + strings.Repeat("x", 100) + `"]}`)
	e := entryOf(t, map[string]any{
		"reskd": "2003", "restg": "2024-03-01", "reswk": "142000", "n": 1,
		"pdf_encoded": base64.StdEncoding.EncodeToString(pdf), "res_encode": base64.StdEncoding.EncodeToString(inner),
	})
	reordered := e
	reordered.Hdr = bytes.Replace(e.Hdr, []byte(`{"n":1,`), []byte(`{ "n" : 1, `), 1)
	want := []string{"2024-03-01_142000_2003.json", "2024-03-01_142000_2003.pdf", "2024-03-01_142000_2003.res.json"}
	order := []string{".pdf", ".res.json", ".json"} // as they are written
	for done := 0; done <= len(order); done++ {
		dir := t.TempDir()
		first := &record{}
		if changed, err := deliver(dir, first, e); err != nil || !changed {
			t.Fatal(changed, err)
		}
		for _, ext := range order[done:] {
			if err := os.Remove(filepath.Join(dir, "2024-03-01_142000_2003"+ext)); err != nil {
				t.Fatal(err)
			}
		}
		rec := &record{} // the journal knows nothing of it
		for range 2 {
			if _, err := deliver(dir, rec, reordered); err != nil {
				t.Fatal(err)
			}
			if got := files(t, dir); !slices.Equal(got, want) {
				t.Fatalf("after %d files: got %v", done, got)
			}
		}
		if len(rec.Delivered) != 1 || rec.Delivered[0].Form != formPDF || read(t, filepath.Join(dir, want[1])) != string(pdf) ||
			read(t, filepath.Join(dir, want[2])) != string(inner) {
			t.Errorf("after %d files: %+v", done, rec.Delivered)
		}
	}
}

// A response that comes again changed gets a name of its own, also when the first was taken from the outbox.
func TestDeliverChanged(t *testing.T) {
	fields := map[string]any{"reskd": "2003", "restg": "2024-03-01", "reswk": "142000", "pdf_encoded": "Data tidak ditemukan."}
	for _, taken := range []bool{false, true} {
		dir := t.TempDir()
		rec := &record{}
		for _, text := range []string{"a", "b", "a", "b", "c"} {
			fields["deskripsi"] = text
			if _, err := deliver(dir, rec, entryOf(t, fields)); err != nil {
				t.Fatal(err)
			}
			if taken && text == "a" {
				_ = os.Remove(filepath.Join(dir, "2024-03-01_142000_2003.json")) // the ERP has taken it
			}
		}
		want := []string{"2024-03-01_142000_2003.json", "2024-03-01_142000_2003~2.json", "2024-03-01_142000_2003~3.json"}
		if taken {
			want = want[1:]
		}
		if got := files(t, dir); !slices.Equal(got, want) || len(rec.Delivered) != 3 {
			t.Errorf("taken %v: got %v", taken, got)
		}
	}
}

// Whatever a server calls a response, its files are in respon/ and nowhere else.
func TestDeliverHostileNames(t *testing.T) {
	long := strings.Repeat("9", 300)
	names := []map[string]any{
		{"reskd": "../../../../etc/passwd", "restg": "..", "reswk": "/"},
		{"reskd": `..\..\x`, "restg": `C:\Windows`, "reswk": "a:b*?"},
		{"reskd": "nul\x00byte", "restg": "CON", "reswk": "\r\n\t"},
		{"reskd": long, "restg": long, "reswk": long},
		{"reskd": "", "restg": "", "reswk": ""},
		{"reskd": "~$x.tmp", "restg": ".hidden", "reswk": "NUL."},
		{"reskd": strings.Repeat("é", 300), "restg": "\u202e", "reswk": "."},
	}
	root := t.TempDir()
	dir := filepath.Join(root, "documents", car1, "respon")
	rec := &record{}
	for _, n := range names {
		n["pdf_encoded"] = base64.StdEncoding.EncodeToString(pdfOf(100))
		for range 2 {
			if _, err := deliver(dir, rec, entryOf(t, n)); err != nil {
				t.Errorf("%.40q: %v", n["reskd"], err)
			}
			if _, err := deliverPDF(dir, rec, n["reskd"].(string), n["restg"].(string), quoted(t, n["pdf_encoded"].(string))); err != nil {
				t.Errorf("%.40q: %v", n["reskd"], err)
			}
		}
	}
	got := files(t, root)
	for _, f := range got {
		if !strings.HasPrefix(f, "documents/"+car1+"/respon/") || strings.Count(f, "/") != 3 {
			t.Errorf("outside: %s", f)
		}
	}
	if len(got) != 3*len(names) {
		t.Errorf("%d files: %v", len(got), got)
	}
}

// A huge PDF is delivered without being held in memory once more.
func TestDeliverHugePDF(t *testing.T) {
	const size = 32 << 20
	pdf := pdfOf(size)
	hdr := append([]byte(`{"reskd":"2003","restg":"2024-03-01","reswk":"1","pdf_encoded":`), quoted(t, base64.StdEncoding.EncodeToString(pdf))...)
	hdr = append(hdr, '}')
	i := bytes.LastIndexByte(hdr[:len(hdr)-2], '"')
	e := t2g.Entry{RESKD: "2003", RESTG: "2024-03-01", RESWK: "1", Hdr: hdr, PDFEncoded: t2g.Blob(hdr[i : len(hdr)-1])}
	dir := t.TempDir()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if _, err := deliver(dir, &record{}, e); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("allocated %d MiB", used>>20)
	}
	if same, err := holds(filepath.Join(dir, "2024-03-01_1_2003.pdf"), func(w io.Writer) error { _, err := w.Write(pdf); return err }); err != nil || !same {
		t.Errorf("the file is not the PDF: %v", err)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(`"JVBERi0xLjcKJSVFT0YK"`)
	f.Add(`"data:application/pdf;base64,JVBERi0="`)
	f.Add(`"\ud83d\u20ac\n<html>"`)
	f.Fuzz(func(t *testing.T, raw string) {
		if !json.Valid([]byte(raw)) {
			return
		}
		blob := t2g.Blob(strings.TrimSpace(raw))
		p := inspect(blob)
		var b bytes.Buffer
		switch p.form {
		case formPDF:
			if err := p.writeTo(&b); err != nil || !bytes.HasPrefix(bytes.TrimLeft(b.Bytes(), " \t\r\n\f\x00"), pdfMagic) {
				t.Fatalf("no PDF: %v", err)
			}
		case formBin:
			if err := p.writeTo(&b); err != nil || b.Len() == 0 {
				t.Fatalf("no content: %v", err)
			}
		case formNote:
			if p.note == "" {
				t.Fatal("an empty note")
			}
		}
		if blob.IsString() && utf8.Valid(blob) {
			var s string
			_ = json.Unmarshal(blob, &s)
			got, err := io.ReadAll(struct{ io.Reader }{readString(blob)})
			if err != nil || string(got) != s {
				t.Fatalf("read %q, want %q (%v)", got, s, err)
			}
		}
	})
}

func BenchmarkDeliverPDF(b *testing.B) {
	pdf := pdfOf(4 << 20)
	encoded := base64.StdEncoding.EncodeToString(pdf)
	raw := quoted(b, encoded)
	hdr := append(append([]byte(`{"reskd":"2003","restg":"2024-03-01","reswk":"1","pdf_encoded":`), raw...), '}')
	b.Run("floor: base64 and json.Valid", func(b *testing.B) {
		b.SetBytes(int64(len(hdr)))
		out := make([]byte, len(pdf))
		for b.Loop() {
			if !json.Valid(hdr) {
				b.Fatal("invalid")
			}
			if _, err := base64.StdEncoding.Decode(out, raw[1:len(raw)-1]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("inspect", func(b *testing.B) {
		b.SetBytes(int64(len(hdr)))
		for b.Loop() {
			if inspect(raw).form != formPDF {
				b.Fatal("no PDF")
			}
		}
	})
	b.Run("deliver without disk", func(b *testing.B) {
		b.SetBytes(int64(len(hdr)))
		e := t2g.Entry{Hdr: hdr, PDFEncoded: raw}
		for b.Loop() {
			if _, err := sumOf(e); err != nil {
				b.Fatal(err)
			}
			if err := inspect(raw).writeTo(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("deliver", func(b *testing.B) {
		b.SetBytes(int64(len(hdr)))
		dir := b.TempDir()
		e := t2g.Entry{RESKD: "2003", RESTG: "2024-03-01", Hdr: hdr, PDFEncoded: raw}
		n := 0
		for b.Loop() {
			n++
			e.RESWK = number(n)
			if _, err := deliver(dir, &record{}, e); err != nil {
				b.Fatal(err)
			}
		}
	})
}
