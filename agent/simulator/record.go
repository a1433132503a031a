package simulator

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// Photo is one stored photo.
type Photo struct {
	Name        string    `json:"name"`
	Bytes       int64     `json:"bytes"`
	SHA256      string    `json:"sha256"` // hexadecimal
	ContentType string    `json:"contentType"`
	Via         Op        `json:"via"` // Kirim or Add
	At          time.Time `json:"at"`
}

// Declaration is what is stored about one nomorAju. Photos are in the order of their arrival; a photo that was sent
// twice is there twice, as a server might keep it.
type Declaration struct {
	NomorAju     string  `json:"nomorAju"`
	NomorBlAwb   string  `json:"nomorBlAwb"`
	TanggalBlAwb string  `json:"tanggalBlAwb"`
	KodeKantor   string  `json:"kodeKantor"`
	Photos       []Photo `json:"photos"`
}

func (d Declaration) declaration() declaration {
	return declaration{d.NomorAju, d.NomorBlAwb, d.TanggalBlAwb, d.KodeKantor}
}

// Request is one request to a published path, and what became of it.
type Request struct {
	At            time.Time     `json:"at"` // when its headers had come
	Op            Op            `json:"op"`
	Method        string        `json:"method"`
	Path          string        `json:"path"`
	Aju           string        `json:"aju,omitempty"`    // the nomorAju or car that it was about, where that came to be known
	Status        int           `json:"status"`           // the HTTP status; 0: no (whole) answer was sent
	Code          int           `json:"code,omitempty"`   // the code in the body
	Stored        int           `json:"stored,omitempty"` // photos that it brought
	Bytes         int64         `json:"bytes"`            // of the body, as far as read
	ContentLength int64         `json:"contentLength"`    // -1: it came in chunks
	UserAgent     string        `json:"userAgent,omitempty"`
	Took          time.Duration `json:"tookNs"`
	Fault         string        `json:"fault,omitempty"` // what the fault script did to it
	Note          string        `json:"note,omitempty"`  // why it was refused or broke off
}

// Counts sums up what has arrived since the simulator began.
type Counts struct {
	Requests     map[Op]int         `json:"requests"`
	Statuses     map[Op]map[int]int `json:"statuses"` // by HTTP status; 0: no (whole) answer was sent
	Faults       int                `json:"faults"`   // requests that the fault script touched
	InFlight     int64              `json:"inFlight"` // requests under way now
	MaxInFlight  int64              `json:"maxInFlight"`
	Declarations int                `json:"declarations"` // with at least one kirim
	Photos       int                `json:"photos"`       // stored, duplicates included
	SameName     int                `json:"sameName"`     // photos whose name their declaration had already
	SameContent  int                `json:"sameContent"`  // photos whose content their declaration had already
}

// store is the record of what arrived. It is safe for use by many goroutines.
type store struct {
	keep int

	mu       sync.Mutex
	counts   Counts
	decls    map[string]*Declaration // by nomorAju
	order    []string                // of decls
	byBl     map[[3]string]string    // the latest nomorAju of nomorBlAwb, tanggalBlAwb, kodeKantor
	ring     []Request               // the latest, oldest at next once it is full
	next     int
	uploads  *lines // nil without Options.Dir
	requests *lines
}

func newStore(keep int) *store {
	return &store{
		keep: keep, decls: make(map[string]*Declaration), byBl: make(map[[3]string]string),
		counts: Counts{Requests: make(map[Op]int), Statuses: make(map[Op]map[int]int)},
	}
}

// create stores the first photos of a declaration; false says that it has some already.
func (s *store) create(u upload) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.decls[u.NomorAju] != nil {
		return false, nil
	}
	if err := s.uploads.write(u.wire()); err != nil {
		return false, err
	}
	s.keepUpload(u)
	return true, nil
}

// add stores more photos of a declaration; false says that it has none yet.
func (s *store) add(u upload) (declaration, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.decls[u.NomorAju]
	if d == nil {
		return declaration{}, false, nil
	}
	u.declaration = d.declaration()
	if err := s.uploads.write(u.wire()); err != nil {
		return declaration{}, false, err
	}
	s.keepUpload(u)
	return u.declaration, true, nil
}

// keepUpload needs the lock.
func (s *store) keepUpload(u upload) {
	d := s.decls[u.NomorAju]
	if d == nil {
		d = &Declaration{u.NomorAju, u.NomorBlAwb, u.TanggalBlAwb, u.KodeKantor, nil}
		s.decls[u.NomorAju] = d
		s.order = append(s.order, u.NomorAju)
		s.byBl[[3]string{u.NomorBlAwb, u.TanggalBlAwb, u.KodeKantor}] = u.NomorAju
		s.counts.Declarations++
	}
	for _, p := range u.photos {
		if slices.ContainsFunc(d.Photos, func(o Photo) bool { return o.Name == p.Name }) {
			s.counts.SameName++
		}
		if slices.ContainsFunc(d.Photos, func(o Photo) bool { return o.SHA256 == p.SHA256 }) {
			s.counts.SameContent++
		}
		s.counts.Photos++
		d.Photos = append(d.Photos, p)
	}
}

func (s *store) byAju(aju string) (Declaration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.copyOf(aju)
}

func (s *store) byBlAwb(nomorBlAwb, tanggalBlAwb, kodeKantor string) (Declaration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.copyOf(s.byBl[[3]string{nomorBlAwb, tanggalBlAwb, kodeKantor}])
}

// copyOf needs the lock.
func (s *store) copyOf(aju string) (Declaration, bool) {
	d := s.decls[aju]
	if d == nil {
		return Declaration{}, false
	}
	c := *d
	c.Photos = slices.Clone(d.Photos)
	return c, true
}

// arrived notes how many requests are being served.
func (s *store) arrived(inFlight int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.MaxInFlight = max(s.counts.MaxInFlight, inFlight)
}

// record keeps a request that has ended.
func (s *store) record(r Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Requests[r.Op]++
	if s.counts.Statuses[r.Op] == nil {
		s.counts.Statuses[r.Op] = make(map[int]int)
	}
	s.counts.Statuses[r.Op][r.Status]++
	if r.Fault != "" {
		s.counts.Faults++
	}
	if len(s.ring) < s.keep {
		s.ring = append(s.ring, r)
	} else {
		s.ring[s.next] = r
		s.next = (s.next + 1) % s.keep
	}
	return s.requests.write(r)
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.uploads.close(), s.requests.close())
}

// Photos returns what is stored for nomorAju, in the order of arrival; nil when nothing is.
func (s *Server) Photos(nomorAju string) []Photo {
	d, _ := s.store.byAju(nomorAju)
	return d.Photos
}

// Declarations returns all that is stored, in the order of their kirim.
func (s *Server) Declarations() []Declaration {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	out := make([]Declaration, 0, len(s.store.order))
	for _, aju := range s.store.order {
		d, _ := s.store.copyOf(aju)
		out = append(out, d)
	}
	return out
}

// Requests returns the latest requests that have ended, Options.KeepRequests at most, in the order of their end.
func (s *Server) Requests() []Request {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return slices.Concat(s.store.ring[s.store.next:], s.store.ring[:s.store.next])
}

// Counts returns the sums. With Options.Dir the declarations and photos of earlier runs are among them.
func (s *Server) Counts() Counts {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	c := s.store.counts
	c.InFlight = s.inFlight.Load()
	c.Requests = maps.Clone(c.Requests)
	c.Statuses = maps.Clone(c.Statuses)
	for op, m := range c.Statuses {
		c.Statuses[op] = maps.Clone(m)
	}
	return c
}
