package t2g

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"kurir/agent/transport"
)

func TestBlobReader(t *testing.T) {
	for _, in := range []string{
		`""`, `"abc"`, `"a\/b\/c=="`, `"\"\\\/\b\f\n\r\t"`, `"\u00e9\u6f22\ud83d\ude42"`, `"\ud83d"`, `"\ud83dx\ude42\ud83d\ud83d\ude42"`,
		`"line\r\nbreak"`, `"é🙂"`,
	} {
		var want string
		if err := json.Unmarshal([]byte(in), &want); err != nil {
			t.Fatal(err)
		}
		for name, r := range map[string]io.Reader{
			"whole": Blob(in).Reader(), "byte by byte": iotest.OneByteReader(Blob(in).Reader()),
		} {
			got, err := io.ReadAll(r)
			if err != nil || string(got) != want {
				t.Errorf("%s %s: %q, %v, want %q", in, name, got, err, want)
			}
		}
		if s := Blob(in).String(); s != want {
			t.Errorf("%s as a string: %q", in, s)
		}
	}
	for _, in := range []string{``, `7`, `true`, `{"a":1}`, `[1]`} {
		if got, err := io.ReadAll(Blob(in).Reader()); err != nil || string(got) != in || Blob(in).IsString() {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{`"\"`, `"\x"`, `"\u12"`, `"`} {
		if _, err := io.ReadAll(Blob(in).Reader()); err == nil && in != `"` {
			t.Errorf("%s: read", in)
		}
	}
}

// A large PDF is in memory once: in the answer.
func TestLargeAnswerIsNotCopied(t *testing.T) {
	const size = 24 << 20
	var body bytes.Buffer
	body.Grow(size + 1000)
	fmt.Fprintf(&body, `{"rescode":"OK","desc":[{"reshdr":{"car":"%s","reskd":"2003","pdf_encoded":"`, car)
	for body.Len() < size {
		body.WriteString(`JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSL0ZpbHRlci9GbGF0\/`)
	}
	body.WriteString(`"}}]}`)
	a := &transport.Answer{Status: 200, Body: body.Bytes(), Header: http.Header{}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, fail := readResponses(a, car)
	if fail != nil || len(got.Entries) != 1 {
		t.Fatalf("%v", fail)
	}
	n, err := io.Copy(struct{ io.Writer }{io.Discard}, got.Entries[0].PDFEncoded.Reader())
	if err != nil || n < size*9/10 {
		t.Errorf("%d bytes, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 100<<10 {
		t.Errorf("%d bytes allocated for an answer of %d", n, body.Len())
	}
}

// Finding one's way in JSON agrees with decoding it.
func FuzzSkim(f *testing.F) {
	for _, s := range []string{
		`{"a":1,"b":[1,"x]",{"c":"}\""}],"d":null}`, `[]`, `{}`, `[[],{}]`, ` [ 1 , 2 ] `, `{"a\u0041":"\\"}`, `"x"`, `-1.5e3`,
		`{"status":"ok","desc":{"data":{"car":"x","dataRespon":[{"kodeRespon":1}]}}}`, `{"rescode":"ok","desc":[{"reshdr":{"reskd":"1"}}]}`,
		`{"status":"ok","desc":"Data tidak ditemukan"}`, "\xef\xbb\xbf[1]", `{"desc":`, `{"a":true,"b":false,"c":-0}`,
	} {
		f.Add(200, []byte(s))
		f.Add(500, []byte(s))
	}
	f.Fuzz(func(t *testing.T, httpStatus int, body []byte) {
		a := &transport.Answer{Status: httpStatus, Body: body, Header: http.Header{}}
		for _, e := range readAll(t, a) {
			var whole map[string]json.RawMessage
			if doc := e.Document("a.pdf", `b".json`); json.Unmarshal(doc, &whole) != nil {
				t.Errorf("%q became %q", e.Hdr, doc)
			}
		}
		if value := transport.TrimBOM(body); json.Valid(value) {
			compare(t, value)
		}
	})
}

// readAll reads a in both ways, and returns what entries there are.
func readAll(t *testing.T, a *transport.Answer) []Entry {
	if _, fail := readStatus(a, car); fail != nil && fail.Kind == "" {
		t.Errorf("%q has no kind", a.Body)
	}
	r, fail := readResponses(a, car)
	if fail != nil && fail.Kind == "" {
		t.Errorf("%q has no kind", a.Body)
	}
	return r.Entries
}

// compare walks value with the functions of skim.go and with encoding/json.
func compare(t *testing.T, value []byte) {
	switch kindOf(value) {
	case kindArray:
		var want []json.RawMessage
		if json.Unmarshal(value, &want) != nil {
			return
		}
		got := slices.Collect(elements(value))
		if len(got) != len(want) {
			t.Fatalf("%q: %d elements, want %d", value, len(got), len(want))
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Errorf("%q, element %d: %q, want %q", value, i, got[i], want[i])
			}
			compare(t, got[i])
		}
	case kindObject:
		var want map[string]json.RawMessage
		if json.Unmarshal(value, &want) != nil {
			return
		}
		got := map[string][]byte{}
		for k, v := range fields(value) {
			got[k] = v
		}
		if len(got) != len(want) {
			t.Fatalf("%q: %d fields, want %d", value, len(got), len(want))
		}
		for k, v := range got {
			if !bytes.Equal(v, want[k]) {
				t.Errorf("%q, field %q: %q, want %q", value, k, v, want[k])
			}
			compare(t, v)
		}
	case kindString:
		var want string
		if json.Unmarshal(value, &want) != nil {
			return
		}
		got, err := io.ReadAll(Blob(value).Reader())
		if err != nil || strings.ToValidUTF8(string(got), "\ufffd") != strings.ToValidUTF8(want, "\ufffd") && json.Valid(value) && isUTF8(value) {
			t.Errorf("%q: %q, %v", value, got, err)
		}
	}
}

func isUTF8(b []byte) bool { return strings.ToValidUTF8(string(b), "") == string(b) }

func BenchmarkReadResponses(b *testing.B) {
	pdf := strings.Repeat("A", 4<<20)
	body := []byte(fmt.Sprintf(`{"rescode":"OK","desc":[{"reshdr":{"car":"%s","reskd":"2003","pdf_encoded":"%s"}}]}`, car, pdf))
	a := &transport.Answer{Status: 200, Body: body, Header: http.Header{}}
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, fail := readResponses(a, car); fail != nil {
				b.Fatal(fail)
			}
		}
	})
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			if !json.Valid(body) {
				b.Fatal("not valid")
			}
		}
	})
}
