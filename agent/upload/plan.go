package upload

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"kurir/agent/outbox"
)

// memory is what other jobs of the same declaration have to do with this one: everything that was sent, or may have
// been, for one nomorAju.
type memory struct {
	sent  map[string]string // SHA-256 -> the name it was sent under
	names map[string]bool   // folded names that are taken
	maybe map[string]guess  // SHA-256 -> what another job's open request may have brought
	guess map[string]string // SHA-256 -> the name another job has it under, sent or not
	tried map[string]string // SHA-256 -> the name of another job's request that the server did not know of
	any   bool              // another job has had an image confirmed
}

// guess is a name under which a photo may have arrived by an open request.
type guess struct {
	name string
	by   *intent
}

func newMemory() *memory {
	return &memory{sent: map[string]string{}, names: map[string]bool{}, maybe: map[string]guess{}, guess: map[string]string{},
		tried: map[string]string{}}
}

// learn adds another job's record. maybe holds the images of its open intent, which may have arrived.
func (m *memory) learn(r *Record, maybe *intent) {
	for i, im := range r.Images {
		open := maybe != nil && slices.Contains(maybe.Images, i)
		switch {
		case im.State == imageSent:
			m.sent[im.SHA256], m.any = im.Name, true
			m.names[foldName(im.Name)] = true
		case open:
			m.maybe[im.SHA256] = guess{im.Name, maybe}
			m.names[foldName(im.Name)] = true
		case im.Here && im.State == imageWaiting:
			m.guess[im.SHA256] = wireName(im.Path)
		}
		for _, name := range r.tried[i] {
			m.tried[im.SHA256] = name
		}
	}
}

// foldName makes names equal that a server may take for the same.
func foldName(name string) string { return strings.ToLower(norm.NFC.String(name)) }

// wireName is the name an image is sent under, before it is made unique.
func wireName(p string) string {
	return outbox.SafeName(norm.NFC.String(path.Base(p)))
}

// plan marks what was sent before as duplicates and gives every other image a name that is unique within the
// declaration. It depends on nothing but its arguments, so that a plan made again after the journal was lost is the same.
func plan(r *Record, m *memory, maybe *intent) {
	sent, taken := map[string]string{}, map[string]bool{}
	for n := range m.names {
		taken[n] = true
	}
	unknown := map[string]bool{} // contents that may have arrived: nothing is decided about them before it is known
	for i, im := range r.Images {
		open := maybe != nil && slices.Contains(maybe.Images, i)
		if im.State == imageSent {
			sent[im.SHA256] = im.Name
		}
		if im.State == imageSent || open {
			taken[foldName(im.Name)] = true
		}
		if open && im.State != imageSent {
			unknown[im.SHA256] = true
		}
	}
	for i := range r.Images {
		im := &r.Images[i]
		if im.State != imageWaiting || !im.Here || unknown[im.SHA256] {
			continue
		}
		if name, ok := sent[im.SHA256]; ok {
			im.State, im.Of = imageDuplicate, name
			continue
		}
		if name, ok := m.sent[im.SHA256]; ok {
			im.State, im.Of = imageDuplicate, name
			continue
		}
		im.Name = outbox.Free(wireName(im.Path), func(n string) bool { return taken[foldName(n)] })
		taken[foldName(im.Name)] = true
		sent[im.SHA256] = im.Name
	}
}

// batch returns the indexes of the next images to send in one request.
func batch(r *Record, in Inbox) []int {
	most := in.MaxImages
	if r.PerBatch > 0 {
		most = min(most, r.PerBatch)
	}
	var out []int
	var bytes int64
	for _, i := range r.pending() {
		size := r.Images[i].Size + partOverhead
		if len(out) > 0 && (len(out) >= most || bytes+size > in.MaxBytes) {
			break
		}
		out = append(out, i)
		bytes += size
	}
	return out
}

// partOverhead is what one part of a request needs besides its content, roughly.
const partOverhead = 512
