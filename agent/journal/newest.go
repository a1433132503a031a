package journal

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// Place is where a listing by latest change stands: just behind the job of Key that changed at At. The zero Place is
// the beginning.
type Place struct {
	At  time.Time
	Key string
}

// PlaceOf is the place of a job.
func PlaceOf(j Job) Place { return Place{At: j.Updated, Key: j.Key} }

// Compare orders places as a listing by latest change does: the later time first, the greater key first where times are equal.
func (p Place) Compare(q Place) int {
	if c := q.At.Compare(p.At); c != 0 {
		return c
	}
	return strings.Compare(q.Key, p.Key)
}

// Holds reports whether q is to come in a listing that stands at p.
func (p Place) Holds(q Place) bool { return p == Place{} || p.Compare(q) < 0 }

// String is the place as a cursor that a user hands back; "" for the beginning.
func (p Place) String() string {
	if p == (Place{}) {
		return ""
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(p.At.Unix()))
	b = binary.BigEndian.AppendUint32(b, uint32(p.At.Nanosecond()))
	return base64.RawURLEncoding.EncodeToString(append(b, p.Key...))
}

// ParsePlace reads what String returned.
func ParsePlace(s string) (Place, error) {
	if s == "" {
		return Place{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < 12 {
		return Place{}, errors.New("not a cursor that was given out")
	}
	at := time.Unix(int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint32(b[8:]))).UTC()
	return Place{At: at, Key: string(b[12:])}, nil
}

// MaxPage is the most jobs that one call of Store.Recent returns.
const MaxPage = 1000

// Newest calls visit for the jobs that f selects, the latest change first, from behind a place on, until visit returns
// false. It costs what it visits. A job that changes meanwhile may be missed; none is visited twice. f.Limit and f.After
// are not looked at.
func Newest(ctx context.Context, s Store, f Filter, from Place, visit func(Job) bool) error {
	f.After = ""
	for f.Limit = 100; ; f.Limit = MaxPage {
		jobs, err := s.Recent(ctx, f, from)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if !visit(j) {
				return nil
			}
			from = PlaceOf(j)
		}
		if len(jobs) < f.Limit {
			return nil
		}
	}
}
