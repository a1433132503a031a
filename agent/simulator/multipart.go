package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const maxData = 1 << 20 // of the part data

// upload is the body of kirim or add, read to its end.
type upload struct {
	declaration
	photos []Photo
}

// violation is what is wrong with a body, in words for the person who built it.
type violation string

func (v violation) Error() string { return string(v) }

func violationf(format string, args ...any) error { return violation(fmt.Sprintf(format, args...)) }

// readUpload reads the body to its end. Photos are hashed, not kept. The error is a refusal: of what is wrong with
// the body, or by the fault script.
func (x *exchange) readUpload() (upload, error) {
	if x.r.ContentLength < 0 {
		x.drain()
		return upload{}, refusal{x.s.refuse(x.rec.Op, http.StatusLengthRequired,
			"the body came in chunks (Transfer-Encoding: chunked); the gateway wants a Content-Length")}
	}
	boundary, err := boundaryOf(x.r.Header.Get("Content-Type"))
	var u upload
	if err == nil {
		u, err = readParts(multipart.NewReader(x, boundary), x.know)
	}
	var wrong violation
	if err == nil || errors.As(err, &wrong) {
		x.drain()
	}
	switch {
	case x.err != nil:
		return upload{}, fmt.Errorf("read the body: %w", x.err)
	case wrong != "":
		return upload{}, refusal{x.s.refuse(x.rec.Op, http.StatusBadRequest, string(wrong))}
	}
	return u, err
}

func boundaryOf(contentType string) (string, error) {
	t, params, err := mime.ParseMediaType(contentType)
	switch {
	case contentType == "":
		return "", violation("the request has no Content-Type; it must be multipart/form-data with a boundary")
	case err != nil:
		return "", violationf("the Content-Type %q cannot be read: %v", contentType, err)
	case t != "multipart/form-data":
		return "", violationf("the Content-Type is %q; it must be multipart/form-data", t)
	case params["boundary"] == "":
		return "", violation("the Content-Type has no boundary; let the HTTP library write it")
	}
	return params["boundary"], nil
}

// readParts reads all parts. known is called with the nomorAju as soon as that has been read.
func readParts(parts *multipart.Reader, known func(string) error) (upload, error) {
	var u upload
	for n := 1; ; n++ {
		part, err := parts.NextRawPart()
		if err == io.EOF { // bare; wrapped, it means that the body broke off
			break
		}
		if err != nil {
			return u, violationf("part %d cannot be read; the body is cut short or is no multipart/form-data: %v", n, err)
		}
		if err := readPart(&u, part, n, known); err != nil {
			return u, err
		}
	}
	switch {
	case u.NomorAju == "":
		return u, violation(`there is no part "data"; curl: -F 'data={...};type=application/json'`)
	case len(u.photos) == 0:
		return u, violation(`there is no part "images"; curl: -F 'images=@photo.jpg'`)
	}
	return u, nil
}

func readPart(u *upload, part *multipart.Part, n int, known func(string) error) error {
	disposition, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil || disposition != "form-data" {
		return violationf("part %d has no Content-Disposition: form-data that can be read", n)
	}
	if coding := part.Header.Get("Content-Transfer-Encoding"); !plainCoding(coding) {
		return violationf("part %d has Content-Transfer-Encoding %q; send the bytes as they are", n, coding)
	}
	switch name := params["name"]; name {
	case "data":
		if u.NomorAju != "" {
			return violation(`there is a second part "data"; it must stand once`)
		}
		if u.declaration, err = readData(part); err != nil {
			return err
		}
		return known(u.NomorAju)
	case "images":
		photo, err := readImage(part, params["filename"])
		if err != nil {
			return violationf(`part %d, "images": %v`, n, err)
		}
		u.photos = append(u.photos, photo)
		return nil
	default:
		return violationf(`part %d has the name %q; the parts are "data", once, and "images"`, n, name)
	}
}

func plainCoding(coding string) bool {
	return slices.Contains([]string{"", "binary", "8bit", "7bit"}, strings.ToLower(coding))
}

// readData reads the part data.
func readData(part *multipart.Part) (declaration, error) {
	var d declaration
	if wrong := wrongType(part.Header.Get("Content-Type")); wrong != "" {
		return d, violationf(`the part "data" has %s; curl: -F 'data={...};type=application/json'`, wrong)
	}
	text, err := io.ReadAll(io.LimitReader(part, maxData+1))
	switch {
	case err != nil:
		return d, violationf(`the part "data" has no end: %v`, err)
	case len(text) > maxData:
		return d, violationf(`the part "data" is longer than %d bytes`, maxData)
	}
	fields, err := jsonObject(text)
	if err != nil {
		return d, violationf(`the part "data": %v`, err)
	}
	for _, f := range []struct {
		name string
		to   *string
	}{
		{"nomorAju", &d.NomorAju}, {"nomorBlAwb", &d.NomorBlAwb}, {"tanggalBlAwb", &d.TanggalBlAwb}, {"kodeKantor", &d.KodeKantor},
	} {
		if *f.to, err = stringField(fields, f.name); err != nil {
			return declaration{}, violationf(`the part "data": %v`, err)
		}
	}
	if _, err := time.Parse(time.DateOnly, d.TanggalBlAwb); err != nil {
		return declaration{}, violationf(`the part "data": tanggalBlAwb is %q; it must be a date as yyyy-MM-dd`, d.TanggalBlAwb)
	}
	return d, nil
}

// readImage reads one photo.
func readImage(part *multipart.Part, name string) (Photo, error) {
	switch {
	case name == "":
		return Photo{}, errors.New("it has no filename")
	case !utf8.ValidString(name):
		return Photo{}, fmt.Errorf("its filename %q is not UTF-8", name)
	case strings.ContainsAny(name, `/\`+"\x00") || name == "." || name == "..":
		return Photo{}, fmt.Errorf("its filename %q is a path; it must be a plain name", name)
	}
	header := part.Header.Get("Content-Type")
	declared, _, err := mime.ParseMediaType(header)
	if err != nil || !strings.HasPrefix(declared, "image/") {
		return Photo{}, fmt.Errorf("%s has the Content-Type %q; it must be an image type", name, header)
	}
	head, err := io.ReadAll(io.LimitReader(part, 512))
	switch {
	case err != nil:
		return Photo{}, fmt.Errorf("%s has no end: %w", name, err)
	case len(head) == 0:
		return Photo{}, fmt.Errorf("%s is empty", name)
	}
	if wrong := wrongContent(declared, head); wrong != "" {
		return Photo{}, fmt.Errorf("%s %s", name, wrong)
	}
	hash := sha256.New()
	hash.Write(head)
	rest, err := io.Copy(hash, part)
	if err != nil {
		return Photo{}, fmt.Errorf("%s has no end: %w", name, err)
	}
	return Photo{Name: name, Bytes: int64(len(head)) + rest, SHA256: hex.EncodeToString(hash.Sum(nil)), ContentType: declared}, nil
}
