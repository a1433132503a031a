package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// xrayBases are the published places of the X-ray service.
var xrayBases = []string{
	"/openapi/cnpibk/xray", "/openapi/cnpibk",
	"/v2/openapi/cnpibk/xray", "/v2/openapi/cnpibk",
	"/kirim-cn-pibk-barkir-public/kirim-cn-pibk-barkir/xray", "/kirim-cn-pibk-barkir-public/kirim-cn-pibk-barkir",
}

// The page's words.
const (
	msgKirim         = "Sukses Kirim Foto Xray"
	msgKirimNotFound = "Gagal Kirim Foto Xray, Data BL/AWB CN tidak ditemukan"
	msgUnauthorized  = "Invalid Authorization Token"
	msgConflict      = "Data X-Ray sudah ada, silahkan gunakan API add untuk menambah foto"
	msgAdd           = "Sukses Menambah Foto Xray"
	msgAddNotFound   = "Data Foto Xray tidak ditemukan"
	msgGet           = "Sukses Mengambil Data Foto X-Ray"
	msgGetNotFound   = "Data Foto Xray tidak ditemukan atas request yang diminta"
	msgUploaded      = "Sukses Upload Foto"

	npwpPemberitahu = "0123456789012345000000"
	unknownPrefix   = "UNKNOWN" // of a nomorBlAwb that is not found
)

// timeLayout is the APIs' own; their times carry no zone and are Jakarta's.
const timeLayout = "2006-01-02 15:04:05"

var jakarta = time.FixedZone("WIB", 7*60*60)

// envelope is the shape of every answer of the X-ray service.
type envelope struct {
	Success   bool   `json:"success"`
	Data      any    `json:"data"`
	Timestamp string `json:"timestamp"`
	Code      int    `json:"code"`
	Message   string `json:"message"`
}

// declaration is the part data of an upload.
type declaration struct {
	NomorAju     string `json:"nomorAju"`
	NomorBlAwb   string `json:"nomorBlAwb"`
	TanggalBlAwb string `json:"tanggalBlAwb"`
	KodeKantor   string `json:"kodeKantor"`
}

// uploadData is the data of kirim's and add's success.
type uploadData struct {
	declaration
	NPWP       string `json:"npwpPemberitahu"`
	Count      int    `json:"jumlahFotoTerupload"`
	Keterangan string `json:"keterangan"`
}

// listData is the data of get's success.
type listData struct {
	declaration
	NPWP       string       `json:"npwpPemberitahu"`
	Total      int          `json:"totalFotoTerupload"`
	Keterangan *string      `json:"keterangan"`
	Detail     []listDetail `json:"detail"`
}

type listDetail struct {
	Name string `json:"namaFile"`
	At   string `json:"waktuRekam"`
}

func (s *Server) envelope(status, code int, data any, message string) answer {
	a := jsonAnswer(status, envelope{
		Success: code == http.StatusOK, Data: data, Timestamp: s.now().In(jakarta).Format(timeLayout), Code: code, Message: message,
	})
	a.code = code
	return a
}

// kirim answers POST kirim-foto-xray.
func (s *Server) kirim(x *exchange) answer { return s.upload(x, s.storeKirim, msgKirim) }

// add answers POST add-foto-xray.
func (s *Server) add(x *exchange) answer { return s.upload(x, s.storeAdd, msgAdd) }

// upload reads an upload whole and only then stores its photos, all at once.
func (s *Server) upload(x *exchange, store func(upload) (declaration, error), message string) answer {
	err := x.authorize()
	var u upload
	if err == nil {
		u, err = x.readUpload()
	}
	if err == nil {
		err = x.uploaded(u.NomorAju, len(u.photos))
	}
	if err != nil {
		return x.refused(err)
	}
	if x.does(DoLosePhoto) {
		u.photos = u.photos[:len(u.photos)-1]
	}
	for i := range u.photos {
		u.photos[i].Via, u.photos[i].At = x.rec.Op, s.now()
	}
	decl, err := store(u)
	if err != nil {
		return x.refused(err)
	}
	x.rec.Stored = len(u.photos)
	count := len(u.photos)
	if x.does(DoWrongCount) {
		count--
	}
	return s.envelope(http.StatusOK, http.StatusOK, uploadData{decl, npwpPemberitahu, count, msgUploaded}, message)
}

func (s *Server) storeKirim(u upload) (declaration, error) {
	if strings.HasPrefix(u.NomorBlAwb, unknownPrefix) {
		return declaration{}, refusal{s.refuse(Kirim, http.StatusNotFound,
			"a nomorBlAwb that begins with "+unknownPrefix+" is never found at this simulator")}
	}
	created, err := s.store.create(u)
	switch {
	case err != nil:
		s.fail(err)
		return declaration{}, err
	case !created:
		return declaration{}, refusal{s.refuse(Kirim, http.StatusConflict, "this nomorAju has photos already: use add-foto-xray")}
	}
	return u.declaration, nil
}

func (s *Server) storeAdd(u upload) (declaration, error) {
	decl, found, err := s.store.add(u)
	switch {
	case err != nil:
		s.fail(err)
		return declaration{}, err
	case !found:
		return declaration{}, refusal{s.refuse(Add, http.StatusNotFound,
			"no kirim-foto-xray has succeeded for this nomorAju: send that first")}
	}
	return decl, nil
}

// get answers GET get-foto-xray.
func (s *Server) get(x *exchange) answer {
	err := x.authorize()
	var d Declaration
	var found bool
	if err == nil {
		x.drain()
		d, found, err = s.lookUp(x)
	}
	if err == nil {
		err = x.ready(d.NomorAju)
	}
	if err != nil {
		return x.refused(err)
	}
	if !found {
		return s.refuse(Get, http.StatusNotFound, "no photo has been stored for it")
	}
	data := listData{declaration: d.declaration(), NPWP: npwpPemberitahu, Total: len(d.Photos), Detail: []listDetail{}}
	for _, p := range d.Photos {
		data.Detail = append(data.Detail, listDetail{p.Name, p.At.In(jakarta).Format(timeLayout)})
	}
	return s.envelope(http.StatusOK, http.StatusOK, data, msgGet)
}

// lookUp finds what a get asks for. The Declaration has the nomorAju asked for even when it is not found.
func (s *Server) lookUp(x *exchange) (d Declaration, found bool, err error) {
	q := x.r.URL.Query()
	if aju := q.Get("nomorAju"); aju != "" {
		d, found = s.store.byAju(aju)
		d.NomorAju = aju
		return d, found, nil
	}
	for _, name := range []string{"nomorBlAwb", "tanggalBlAwb", "kodeKantor"} {
		if q.Get(name) == "" {
			return d, false, refusal{s.refuse(Get, http.StatusBadRequest, fmt.Sprintf(
				"the query has no %s: give nomorAju, or all of nomorBlAwb, tanggalBlAwb and kodeKantor", name))}
		}
	}
	d, found = s.store.byBlAwb(q.Get("nomorBlAwb"), q.Get("tanggalBlAwb"), q.Get("kodeKantor"))
	return d, found, nil
}
