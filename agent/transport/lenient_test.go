package transport

import (
	"encoding/json"
	"testing"
)

func TestLenientValues(t *testing.T) {
	type values struct {
		T Text `json:"t"`
		I Int  `json:"i"`
		F Flag `json:"f"`
	}
	for in, want := range map[string]values{
		`{}`:                                  {},
		`{"t":null,"i":null,"f":null}`:        {},
		`{"t":"x","i":3,"f":true}`:            {"x", Int{3, true}, Flag{true, true}},
		`{"t":7,"i":" 3 ","f":"TRUE"}`:        {"7", Int{3, true}, Flag{true, true}},
		`{"t":1.50,"i":200.0,"f":0}`:          {"1.50", Int{200, true}, Flag{false, true}},
		`{"t":true,"i":"-1","f":"false"}`:     {"true", Int{-1, true}, Flag{false, true}},
		`{"t":{"a":1},"i":[1],"f":{}}`:        {},
		`{"t":["a"],"i":"three","f":"maybe"}`: {},
		`{"T":"case","i":1e99,"f":2}`:         {T: "case"},
		`{"i":12345678901234567890,"f":""}`:   {},
	} {
		var got values
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
}
