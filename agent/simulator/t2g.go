package simulator

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"
)

// The published paths; the second ends in a document kind.
const (
	statusResponPath = "/api/getlog/statusrespon"
	getResByCarPath  = "/getresbycar/"
)

// PublishedCar is the Aju number on the page, which has the answers on the page.
const PublishedCar = "05080000000220240228000822"

const carLength = 26

//go:embed published/statusrespon.json
var publishedStatus []byte

//go:embed published/getresbycar.json
var publishedResponses []byte

// statusError is an answer of statusrespon whose desc is a sentence.
type statusError struct {
	Status string `json:"status"`
	Desc   string `json:"desc"`
}

// responseError is an answer of getresbycar whose desc is a sentence.
type responseError struct {
	Rescode string `json:"rescode"`
	Desc    string `json:"desc"`
}

// statusRespon answers POST /api/getlog/statusrespon.
func (s *Server) statusRespon(x *exchange) answer {
	fields, err := x.document("edinumber", "car", "kode_dokumen")
	if err != nil {
		return x.refused(err)
	}
	if fields["car"] == PublishedCar {
		return answer{status: http.StatusOK, body: publishedStatus}
	}
	l, err := s.lives.meet(fields["car"], fields["kode_dokumen"] == "30", s.now())
	if err != nil {
		s.fail(err)
		return x.refused(err)
	}
	return l.statusRespon(s.now())
}

// getResByCar answers POST /getresbycar/KIND.
func (s *Server) getResByCar(x *exchange) answer {
	fields, err := x.document("edinumber", "car")
	if err != nil {
		return x.refused(err)
	}
	if fields["car"] == PublishedCar {
		return answer{status: http.StatusOK, body: publishedResponses}
	}
	l, err := s.lives.meet(fields["car"], strings.HasSuffix(x.r.URL.Path, "30"), s.now())
	if err != nil {
		s.fail(err)
		return x.refused(err)
	}
	return l.getResByCar(s.now())
}

// document reads the body of a T2G request and lets the fault script at it. The error is a refusal.
func (x *exchange) document(names ...string) (map[string]string, error) {
	if err := x.authorize(); err != nil {
		return nil, err
	}
	raw, err := x.smallBody()
	if err != nil {
		return nil, x.badDocument(err.Error())
	}
	fields := make(map[string]string, len(names))
	for _, name := range names {
		if fields[name], err = stringField(raw, name); err != nil {
			return nil, x.badDocument(err.Error())
		}
	}
	if !isCar(fields["car"]) {
		return nil, x.badDocument("the field car must have 26 letters and digits and nothing else")
	}
	return fields, x.ready(fields["car"])
}

func (x *exchange) badDocument(why string) error {
	return refusal{x.s.refuse(x.rec.Op, http.StatusBadRequest, why)}
}

func isCar(car string) bool {
	if len(car) != carLength {
		return false
	}
	for _, c := range []byte(car) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// object is a JSON object whose fields keep their order.
type object []field

type field struct {
	name  string
	value any
}

// MarshalJSON writes the fields in their order.
func (o object) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, f := range o {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}
