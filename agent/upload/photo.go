package upload

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
)

// ErrNoPhoto says that a set has no such photo, or that its file is not there any more.
var ErrNoPhoto = errors.New("no such photo")

// OpenPhoto opens a photo of the set id, wherever the set is now: in its inbox, in sent/ or in failed/. name is the
// photo's file where Sets gives it one, else its name. Only what the set's record names is opened, and no link is
// followed. The caller closes the file.
func (p *Pipeline) OpenPhoto(ctx context.Context, id, name string) (*os.File, error) {
	if id == "" { // to a filter that is every set
		return nil, ErrNoPhoto
	}
	jobs, err := p.o.Store.List(ctx, journal.Filter{Kind: journal.Xray, ID: id})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(jobs, func(a, b journal.Job) int { return b.Updated.Compare(a.Updated) })
	places := p.waitingPhotos(id, name)
	for _, j := range jobs {
		r, _, err := load(j)
		if err != nil {
			return nil, err
		}
		if in, ok := p.inbox(j.Inbox); ok {
			places = append(places, p.photoPlaces(in, r, name)...)
		}
	}
	for _, at := range places {
		f, err := at.open()
		if outbox.IsAbsent(err) || errors.Is(err, errChanged) {
			continue
		}
		return f, err
	}
	return nil, ErrNoPhoto
}

// photoPlace is where a photo may lie: a path with slashes below a folder. With sha, only that content is meant.
type photoPlace struct{ dir, rel, sha string }

// earlierFolders is how many folders of one name are looked into for a photo of an earlier round.
const earlierFolders = 9

// photoPlaces returns where the photo of a record may lie, the likeliest first. name may fit several: what it names
// exactly comes first.
func (p *Pipeline) photoPlaces(in Inbox, r *Record, name string) []photoPlace {
	var exact, other []photoPlace
	for _, im := range r.Images {
		var found []photoPlace
		inside := r.inside(im.Path)
		if !r.Folder { // in an earlier round it may have been one
			inside = strings.TrimPrefix(im.Path, r.Set+"/")
		}
		switch moved := filepath.Join(in.Outbox, filepath.FromSlash(r.Archive)); {
		case !im.Here && im.State == imageSent:
			found = p.earlier(in, r.Set, inside, im)
		case r.Moved:
			found = []photoPlace{{moved, inside, ""}}
		case r.Archive == "":
			found = []photoPlace{{r.Root, im.Path, ""}}
		default: // on its way
			found = []photoPlace{{r.Root, im.Path, ""}, {moved, inside, ""}}
		}
		switch name {
		case r.inside(im.Path):
			exact = append(exact, found...)
		case im.Name, path.Base(im.Path):
			other = append(other, found...)
		}
	}
	return append(exact, other...)
}

// earlier returns where a photo may lie that was sent in an earlier round: the record no longer says.
func (p *Pipeline) earlier(in Inbox, set, inside string, im Image) []photoPlace {
	var places []photoPlace
	for _, after := range []time.Duration{0, 24 * time.Hour} { // it may have moved after midnight
		day := im.At.Add(after).In(p.o.Location).Format(time.DateOnly)
		for n := 1; n <= earlierFolders; n++ {
			folder := filepath.Join(in.Outbox, sentDir, day, outbox.NumberedFolder(outbox.SafeName(set), n))
			places = append(places, photoPlace{folder, inside, im.SHA256})
		}
	}
	return places
}

// open opens what lies at a place. errChanged when that has another content.
func (at photoPlace) open() (*os.File, error) {
	f, err := outbox.OpenBelow(at.dir, at.rel)
	if err != nil || at.sha == "" {
		return f, err
	}
	sum, err := hashOf(f)
	if err == nil && sum != at.sha {
		err = errChanged
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// waitingPhotos returns where a photo of a set lies that is not complete yet.
func (p *Pipeline) waitingPhotos(id, name string) []photoPlace {
	var places []photoPlace
	for inbox, in := range p.inboxes {
		set, ok := strings.CutPrefix(id, inbox+"/")
		if !ok {
			continue
		}
		in.mu.Lock()
		for _, k := range []setKey{{set, true}, {set, false}} {
			if in.waiting[k] == nil {
				continue
			}
			s, _ := in.idx.get(k)
			for _, f := range s.files {
				if path.Base(f.Path) == name {
					places = append(places, photoPlace{in.in.Root, f.Path, ""})
				}
			}
		}
		in.mu.Unlock()
	}
	return places
}
