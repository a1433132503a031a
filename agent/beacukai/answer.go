package beacukai

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"

	"kurir/agent/transport"
)

// envelope is what the service wraps every answer in.
type envelope struct {
	Success transport.Flag  `json:"success"`
	Code    transport.Int   `json:"code"`
	Message transport.Text  `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// data is what an envelope holds, of all three calls.
type data struct {
	NomorAju transport.Text  `json:"nomorAju"`
	Jumlah   transport.Int   `json:"jumlahFotoTerupload"`
	Total    transport.Int   `json:"totalFotoTerupload"`
	Detail   json.RawMessage `json:"detail"`
}

// detail is one photo of a listing.
type detail struct {
	NamaFile transport.Text `json:"namaFile"`
}

// readAnswer understands the answer to kirim or add, or classifies it. Raw is not set.
func readAnswer(a *transport.Answer, d Declaration) (Answer, *transport.Error) {
	env, in, fail := open(a, d)
	if fail != nil {
		return Answer{}, fail
	}
	return Answer{
		Status:  a.Status,
		Count:   orMissing(in.Jumlah),
		Message: string(env.Message),
	}, nil
}

// readListing understands the answer to get, or classifies it. A listing that does not say what has arrived is none:
// taken for an empty one it would make every photo be sent again. Raw is not set.
func readListing(a *transport.Answer, d Declaration) (Listing, *transport.Error) {
	_, in, fail := open(a, d)
	if fail != nil {
		return Listing{}, fail
	}
	var photos []detail
	if len(in.Detail) > 0 && json.Unmarshal(in.Detail, &photos) != nil {
		return Listing{}, transport.Misunderstood(transport.Say("listing_detail", "the listing's detail is no list of photos"))
	}
	l := Listing{Total: orMissing(in.Total)}
	for _, p := range photos {
		if p.NamaFile == "" {
			return Listing{}, transport.Misunderstood(transport.Say("listing_nameless", "the listing has a photo without a name"))
		}
		l.Names = append(l.Names, string(p.NamaFile))
	}
	if photos == nil && l.Total != 0 {
		return Listing{}, transport.Misunderstood(transport.Say("listing_silent", "the listing does not name the photos that have arrived"))
	}
	return l, nil
}

// open takes an answer out of its envelope, or classifies it after the contract's table: the code in the body wins
// over the HTTP status, because the service refuses with HTTP 200, except where the HTTP status says that the service
// itself was not reached or is unwell.
func open(a *transport.Answer, d Declaration) (envelope, data, *transport.Error) {
	env, ok := parse(a.Body)
	if !ok || !env.Success.Present || a.Status >= 500 {
		return env, data{}, a.Refusal()
	}
	said := string(env.Message)
	if !env.Success.Value {
		return env, data{}, refusal(a.Status, env.Code, said)
	}
	if a.Status/100 != 2 || env.Code.Present && env.Code.Value/100 != 2 && env.Code.Value != 0 {
		fail := transport.Misunderstood(transport.Say("success_contradicted", "the answer says success with HTTP status %d and code %d",
			a.Status, env.Code.Value))
		fail.Code = env.Code.Value
		return env, data{}, fail
	}
	var in data
	if len(env.Data) > 0 && json.Unmarshal(env.Data, &in) != nil {
		in = data{} // another form of data: as if there were none
	}
	if in.NomorAju != "" && !sameNumber(string(in.NomorAju), d.NomorAju) {
		return env, data{}, transport.Misunderstood(transport.Say("other_nomor_aju", "the answer is about nomorAju %q, not %q",
			string(in.NomorAju), d.NomorAju))
	}
	return env, in, nil
}

// refusal classifies an answer of the service that says success: false.
func refusal(status int, code transport.Int, said string) *transport.Error {
	for _, candidate := range []int{code.Value, status} {
		if transport.KindOf(candidate) != "" {
			fail := transport.Refused(candidate, said)
			fail.Code = code.Value
			return fail
		}
	}
	fail := transport.Unlike(said, transport.Say("no_verdict", "the answer is neither success nor a known refusal"))
	fail.Code = code.Value
	return fail
}

// parse reads the envelope; ok is false for what is no JSON object.
func parse(body []byte) (env envelope, ok bool) {
	body = transport.TrimBOM(body)
	if !bytes.HasPrefix(body, []byte("{")) || json.Unmarshal(body, &env) != nil {
		return envelope{}, false
	}
	return env, true
}

func orMissing(i transport.Int) int {
	if !i.Present || i.Value < 0 {
		return -1
	}
	return i.Value
}

// sameNumber compares numbers by their letters and digits, without letter case.
func sameNumber(a, b string) bool {
	significant := func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}
	return strings.Map(significant, a) == strings.Map(significant, b)
}
