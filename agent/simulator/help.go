package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// noSuchPath answers a path that is none of ours, with the one that was probably meant.
func (s *Server) noSuchPath(w http.ResponseWriter, r *http.Request) {
	hint := "GET / lists the paths"
	parts := strings.FieldsFunc(strings.ToLower(r.URL.Path), func(c rune) bool { return c == '/' })
	if near := "/" + strings.Join(parts, "/"); near != r.URL.Path {
		if _, ok := s.find(near); ok {
			hint = "did you mean " + near + "?"
		}
	}
	s.log.Warn("unknown path", "method", r.Method, "path", r.URL.Path)
	a := gatewayAnswer(http.StatusNotFound, fmt.Sprintf("the simulator has no path %q; %s", r.URL.Path, hint))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that has gone is no failure of ours
}

const helpText = `kurir's simulator of Bea Cukai's X-ray photo API and of T2G

It accepts user %[2]q with password %[3]q, and the fixed token %[4]q.%[5]s
It keeps names, sizes and hashes of photos, not the photos. Send it no real passwords.

X-RAY PHOTOS    kirim-foto-xray, add-foto-xray (POST), get-foto-xray (GET), under
%[6]s
  curl -i %[1]s/openapi/cnpibk/xray/kirim-foto-xray \
    -H 'Authorization: Bearer %[4]s' \
    -F 'data={"kodeKantor":"009000","nomorBlAwb":"AWB1","tanggalBlAwb":"2025-09-30","nomorAju":"AJU1"};type=application/json' \
    -F 'images=@photo.jpg'
  curl -i -H 'Authorization: Bearer %[4]s' '%[1]s/openapi/cnpibk/xray/get-foto-xray?nomorAju=AJU1'

  A second kirim for a nomorAju is answered 409, an add before the first kirim 404, and so is a kirim whose nomorBlAwb
  begins with UNKNOWN. Where the published answer leaves no room for the reason, look at the header Simulator-Hint.

LOGIN           login and update-token (POST), under
%[7]s
  curl -i %[1]s/nle-oauth/v1/user/login -H 'Content-Type: application/json' \
    -d '{"username":%[2]q,"password":%[3]q}'
  curl -i -X POST %[1]s/nle-oauth/v1/user/update-token -H 'Authorization: REFRESH_TOKEN'

T2G             %[8]s and %[9]sKIND (POST), KIND being bc30 or any other
  curl -i %[1]s/api/getlog/statusrespon -H 'Authorization: Bearer %[4]s' -H 'Content-Type: application/json' \
    -d '{"edinumber":"EDI0001","car":"%[10]s","kode_dokumen":"30"}'
  curl -i %[1]s/getresbycar/bc30 -H 'Authorization: Bearer %[4]s' -H 'Content-Type: application/json' \
    -d '{"edinumber":"EDI0001","car":"%[10]s"}'

  That car has the published answers. Any other 26 letters and digits begin a life when they are first asked for.

WHAT ARRIVED    GET %[11]s, with ?nomorAju=... or ?requests=true
  Each photo tells how many of its declaration have the same name and the same content: more than 1 is a double send.

FAULTS          GET and POST %[12]s
  curl %[1]s%[12]s -d '[{"op":"kirim","count":1,"do":"cut","when":"stored"}]'
  curl %[1]s%[12]s -d '[{"op":"any","probability":0.1,"do":"status","status":503,"retryAfter":"3s"}]'
  curl -X POST '%[1]s%[12]s?preset=hostile&seed=1'
  curl %[1]s%[12]s -d '[]'

  Which requests: op (any kirim add get login refresh statusrespon getresbycar), nomorAju, car, overImages, overBytes.
  How often:      nth, count, perKey, for ("10s"), probability and seed, group (its rules share count and perKey).
  What:           do: status, answer (with status, body), html, expire, cut, stall, truncate, empty, wrong_count, lose_photo.
  When:           arrival, body, read (the default), stored, answer.
  And:            status, retryAfter, retryAfterDate, latencyBefore, latencyAfter, stallFor, readRate (bytes a second).
`

// help answers GET /. Of what it accepts it shows only what is public knowledge.
func (s *Server) help(w http.ResponseWriter, r *http.Request) {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	key := ""
	if s.opts.APIKey != "" {
		key = "\nThe header beacukai-api-key is required (add -H 'beacukai-api-key: ...' to the commands below)."
	}
	user, password, token := s.opts.User, s.opts.Password, s.opts.Token
	if user != DemoUser || password != DemoPassword {
		user, password = "USER", "PASSWORD"
	}
	if token != DemoToken {
		token = "TOKEN"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	//nolint:gosec // plain text, and a client that has gone is no failure of ours
	_, _ = fmt.Fprintf(w, helpText, scheme+"://"+r.Host, user, password, token, key,
		indented(xrayBases), indented(loginBases), statusResponPath, getResByCarPath, PublishedCar, recordPath, faultsPath)
}

func indented(paths []string) string {
	paths = slices.Clone(paths)
	for i := range paths {
		paths[i] = "  " + paths[i] + "/\n"
	}
	return strings.Join(paths, "")
}
