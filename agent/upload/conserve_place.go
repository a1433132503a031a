package upload

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/watcher"
)

// sentPlace judges one place in sent/.
func (c *Conservation) sentPlace(out, rel string, folder, note bool) {
	if !note {
		c.find(journal.FoundNoReceipt, "", "", placeOf(out, rel+receiptSuffix), "")
		return
	}
	rc, err := readReceipt(placeOf(out, rel+receiptSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return // the place has changed meanwhile
	}
	if err != nil {
		c.find(journal.FoundUnread, "", "", placeOf(out, rel+receiptSuffix), err.Error())
		return
	}
	c.ledger.Count(rc.Inbox, journal.Xray, func(t *journal.Tally) {
		t.Receipts++
		for _, im := range rc.Images {
			switch im.State {
			case imageSent:
				t.Photos++
			case imageDuplicate:
				t.Duplicates++
			}
		}
	})
	mark := sending{maphash.String(c.seed, rc.ID), rc.SentAt.UnixNano()}
	if first, ok := c.sentIn[mark]; ok && !rc.SentAt.IsZero() {
		c.find(journal.FoundTwice, rc.Inbox, rc.ID, placeOf(out, rel), placeOf(first.out, first.rel))
	}
	c.sentIn[mark] = place{out, rel}
	switch {
	case c.moving[placeOf(out, rel)]: // judged by its job, file by file
	case rc.Elsewhere && !folder:
	case folder && c.originals(out, rel, rc):
	case c.deleted(rc):
		c.ledger.Count(rc.Inbox, journal.Xray, func(t *journal.Tally) { t.Deleted += rc.files() })
	case rc.files() > 0:
		gone := absent{inbox: rc.Inbox, id: rc.ID, nomorAju: rc.NomorAju, paths: []string{placeOf(out, rel)}}
		for _, im := range rc.Images {
			gone.photos = append(gone.photos, im.SHA256)
		}
		c.absent = append(c.absent, gone)
	}
}

// deleted reports whether the originals of a receipt may be gone.
func (c *Conservation) deleted(rc Receipt) bool {
	in := c.inboxes[rc.Inbox]
	return rc.Deleted || in.Delete || rc.SentAt.Before(c.retired[rc.Inbox])
}

// files is how many files a receipt names.
func (rc Receipt) files() int {
	n := len(rc.Images) + len(rc.OtherFiles)
	if rc.Sidecar != "" {
		n++
	}
	return n
}

// originals compares the files of a sent set with its receipt. One that names no sidecar, as they did once, has one. false:
// the folder is empty, as it is until the first file moves.
func (c *Conservation) originals(out, rel string, rc Receipt) bool {
	have, err := filesIn(placeOf(out, rel))
	if err != nil {
		c.find(journal.FoundUnread, rc.Inbox, rc.ID, placeOf(out, rel), err.Error())
		return true
	}
	if len(have) == 0 {
		return false
	}
	c.ledger.Count(rc.Inbox, journal.Xray, func(t *journal.Tally) { t.Sent += len(have) })
	want := func(name string, size int64, sum string) {
		got, ok := have[name]
		at := placeOf(out, path.Join(rel, name))
		c.lie(rc.NomorAju, sum, ok || c.gone[at])
		delete(have, name)
		switch {
		case !ok && !c.gone[at]:
			c.find(journal.FoundMissing, rc.Inbox, rc.ID, at, "")
		case !ok:
		case size >= 0 && got != size:
			c.find(journal.FoundChanged, rc.Inbox, rc.ID, at, fmt.Sprintf("%d B, not %d B", got, size))
		case c.Deep && sum != "":
			if is, err := sumFile(at); err != nil || is != sum {
				c.find(journal.FoundChanged, rc.Inbox, rc.ID, at, fmt.Sprintf("SHA-256 %s, not %s %v", is, sum, err))
			}
		}
	}
	for _, im := range rc.Images {
		name := im.File
		if name == "" {
			name = im.Name
		}
		want(name, im.Bytes, im.SHA256)
	}
	if rc.Sidecar != "" {
		want(rc.Sidecar, -1, "")
	}
	for _, other := range rc.OtherFiles {
		want(placed(have, other), -1, "")
	}
	for name := range have {
		if rc.Sidecar == "" && strings.EqualFold(path.Ext(name), ".json") {
			rc.Sidecar = name
			continue
		}
		c.find(journal.FoundUnknown, rc.Inbox, rc.ID, placeOf(out, path.Join(rel, name)), "")
	}
	return true
}

// placed returns where one of the files of that name is, or the name.
func placed(have map[string]int64, name string) string {
	for at := range have {
		if path.Base(at) == name {
			return at
		}
	}
	return name
}

// failedPlace judges one place in failed/.
func (c *Conservation) failedPlace(out, rel string, folder, note bool) {
	if c.moving[placeOf(out, rel)] {
		return // judged by its job, file by file
	}
	var why ReasonFile
	if note {
		b, err := outbox.Read(placeOf(out, rel+errorSuffix))
		if err == nil {
			err = json.Unmarshal(b, &why)
		}
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				c.find(journal.FoundUnread, "", "", placeOf(out, rel+errorSuffix), err.Error())
			}
			return
		}
	}
	switch {
	case !note:
		c.find(journal.FoundNoReason, "", "", placeOf(out, rel), "")
	case !folder:
		if !c.takenBack(why, rel) {
			c.find(journal.FoundMissing, why.Inbox, why.ID, placeOf(out, rel), "")
		}
	default:
		have, err := filesIn(placeOf(out, rel))
		if err != nil {
			c.find(journal.FoundUnread, why.Inbox, why.ID, placeOf(out, rel), err.Error())
			return
		}
		c.ledger.Count(why.Inbox, journal.Xray, func(t *journal.Tally) { t.Failed += len(have) })
		for _, name := range why.Files {
			at := placeOf(out, path.Join(rel, name))
			if _, ok := have[name]; !ok && !c.gone[at] {
				c.find(journal.FoundMissing, why.Inbox, why.ID, at, "")
			}
			delete(have, name)
		}
		for name := range have {
			if len(why.Files) > 0 { // a file without them is of an older version
				c.find(journal.FoundUnknown, why.Inbox, why.ID, placeOf(out, path.Join(rel, name)), "")
			}
		}
	}
}

// takenBack reports whether a failed set, whose reason is still there, lies in its inbox again.
func (c *Conservation) takenBack(why ReasonFile, rel string) bool {
	in, ok := c.inboxes[why.Inbox]
	if !ok {
		return false
	}
	if exists(in.Root, path.Base(rel)) {
		return true
	}
	for _, name := range why.Files {
		if exists(in.Root, name) || exists(in.Root, path.Join(why.Set, name)) {
			return true
		}
	}
	return false
}

// job judges one set of the journal.
func (c *Conservation) job(j conserved) {
	in := c.inboxes[j.inbox]
	out, rel := in.Outbox, j.r.Archive
	if c.away[out] {
		c.find(journal.FoundUnread, "", "", out, "")
		return
	}
	if j.state == journal.Done && rel != "" && !exists(out, rel+receiptSuffix) {
		c.find(journal.FoundNoReceipt, j.inbox, j.id, placeOf(out, rel+receiptSuffix), "")
	}
	if j.state == journal.Failed && j.r.Moved && !exists(out, rel) && !exists(out, rel+errorSuffix) {
		c.ledger.Count(j.inbox, journal.Xray, func(t *journal.Tally) { t.Withdrawn++ })
		return
	}
	if j.busy() && c.vacated(in, j) {
		return
	}
	for _, f := range j.r.Files {
		c.file(in, j, f)
	}
}

// vacated notes of a set that has not ended which of its photos are there, and whether none of its files is.
func (c *Conservation) vacated(in Inbox, j conserved) bool {
	gone := absent{inbox: j.inbox, id: j.id, nomorAju: j.r.Declaration.NomorAju}
	for _, f := range j.r.Files {
		if exists(j.r.path(f.Path), "") || j.r.Archive != "" && exists(in.Outbox, path.Join(j.r.Archive, j.r.inside(f.Path))) {
			continue
		}
		gone.paths = append(gone.paths, j.r.path(f.Path))
	}
	for _, im := range j.r.Images {
		if im.Here {
			gone.photos = append(gone.photos, im.SHA256)
			at := j.r.path(im.Path)
			c.lie(gone.nomorAju, im.SHA256, !slices.Contains(gone.paths, at))
		}
	}
	if len(gone.paths) == 0 || len(gone.paths) < len(j.r.Files) || in.Delete && exists(in.Outbox, j.r.Archive+receiptSuffix) {
		return false
	}
	c.absent = append(c.absent, gone)
	return true
}

// photo stands for a photo of a declaration, in few bytes: there is one for each that was ever sent.
func (c *Conservation) photo(nomorAju, sum string) uint64 {
	return maphash.String(c.seed, nomorAju+" "+sum)
}

// lie notes that a photo is in its place, if it is.
func (c *Conservation) lie(nomorAju, sum string, there bool) {
	if there {
		c.lies[c.photo(nomorAju, sum)] = true
	}
}

// absent is a set none of whose files is where it should be.
type absent struct {
	inbox, id, nomorAju string
	paths               []string
	photos              []string // their content
}

// renamed judges, when all places are known, the sets that are not in theirs. One whose photos lie in another of the same
// declaration was given that one's name while it waited; the others are missing.
func (c *Conservation) renamed() {
	for _, a := range c.absent {
		if len(a.photos) > 0 && !slices.ContainsFunc(a.photos, func(sum string) bool { return !c.lies[c.photo(a.nomorAju, sum)] }) {
			continue
		}
		for _, at := range a.paths {
			c.find(journal.FoundMissing, a.inbox, a.id, at, "")
		}
	}
}

// file judges one file of a set of the journal: it is in the inbox, or where the set's files go.
func (c *Conservation) file(in Inbox, j conserved, f File) {
	src, dst := j.r.path(f.Path), placeOf(in.Outbox, path.Join(j.r.Archive, j.r.inside(f.Path)))
	st, err := os.Lstat(src)
	here := err == nil
	same := here && st.Size() == f.Size && st.ModTime().Equal(f.ModTime)
	there := j.r.Archive != "" && exists(dst, "")
	switch {
	case j.busy():
		c.underWay(in, j, src, here, same, there)
	case there && same:
		c.find(journal.FoundTwice, j.inbox, j.id, src, dst)
	case !there && j.state == journal.Failed && exists(in.Outbox, j.r.Archive) && !c.gone[dst]:
		c.find(journal.FoundMissing, j.inbox, j.id, dst, "")
	}
}

// underWay judges a file of a set that has not ended: src is here, the same as when it was taken, or already there.
func (c *Conservation) underWay(in Inbox, j conserved, src string, here, same, there bool) {
	inbox := j.r.Root == in.Root // else a command has handed the set over
	switch {
	case there:
		c.ledger.Count(j.inbox, journal.Xray, func(t *journal.Tally) {
			if t.Moving++; same && inbox {
				t.Waiting-- // a copy that is about to go
			}
		})
	case here && !inbox:
		c.ledger.Count(j.inbox, journal.Xray, func(t *journal.Tally) { t.Waiting++ })
	case !here && !(in.Delete && exists(in.Outbox, j.r.Archive+receiptSuffix)):
		c.find(journal.FoundMissing, j.inbox, j.id, src, "")
	}
}

// filesIn returns the files in a folder with their sizes, by path within it.
func filesIn(dir string) (map[string]int64, error) {
	files := map[string]int64{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || watcher.Ignored(d.Name(), nil) {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = info.Size()
		return err
	})
	return files, err
}

// sumFile is the SHA-256 of a file's content.
func sumFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
