package simulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"kurir/agent/simulator"
)

const demoLogin = `{"username":"demo","password":"demo"}`

type loginReply struct {
	Status string
	Item   struct {
		Access    string `json:"access_token"`
		ExpiresIn int    `json:"expires_in"`
		RefreshIn int    `json:"refresh_expires_in"`
		Refresh   string `json:"refresh_token"`
		Type      string `json:"token_type"`
	}
}

func login(t *testing.T, url, base string) loginReply {
	t.Helper()
	r := must(t, http.MethodPost, url+base+"/login", "application/json", []byte(demoLogin), "Authorization", "")
	if r.status != 200 {
		t.Fatalf("login: %d %s", r.status, r.body)
	}
	return decode[loginReply](t, r.body)
}

func allowed(t *testing.T, url, token string) int {
	t.Helper()
	return must(t, http.MethodGet, url+xray+"/get-foto-xray?nomorAju=X", "", nil, "Authorization", "Bearer "+token).status
}

// TestTokenLife: a token is good until its time, or until the tokens are made to expire; then it is refreshed.
func TestTokenLife(t *testing.T) {
	c := newClock()
	sim, url := start(t, simulator.Options{Now: c.Now})
	for _, base := range []string{"/nle-oauth/v1/user", "/v1/openapi-auth/user"} {
		first := login(t, url, base)
		if first.Status != "success" || first.Item.ExpiresIn != 300 || first.Item.RefreshIn != 86400 || first.Item.Type != "bearer" {
			t.Fatalf("login answers %+v", first)
		}
		c.advance(299 * time.Second)
		if got := allowed(t, url, first.Item.Access); got != 404 {
			t.Errorf("a living token gets %d", got)
		}
		c.advance(time.Second)
		if got := allowed(t, url, first.Item.Access); got != 401 {
			t.Errorf("an expired token gets %d", got)
		}
		r := must(t, http.MethodPost, url+base+"/update-token", "", nil, "Authorization", first.Item.Refresh)
		second := decode[loginReply](t, r.body)
		if r.status != 200 || second.Item.Access == first.Item.Access || allowed(t, url, second.Item.Access) != 404 {
			t.Errorf("update-token: %d %s", r.status, r.body)
		}
		sim.ExpireTokens()
		if allowed(t, url, second.Item.Access) != 401 || allowed(t, url, simulator.DemoToken) != 404 {
			t.Error("only issued tokens must expire")
		}
		c.advance(24 * time.Hour)
		r = must(t, http.MethodPost, url+base+"/update-token", "", nil, "Authorization", first.Item.Refresh)
		if r.status != 401 || !strings.Contains(r.body, "invalid_grant") {
			t.Errorf("an old refresh token gets %d %s", r.status, r.body)
		}
	}
}

func TestLoginRefused(t *testing.T) {
	_, url := start(t, simulator.Options{User: "u", Password: "p", Token: "fixed"})
	tests := []struct {
		name, path, contentType, body, authorization string
		status                                       int
		want                                         string
	}{
		{"a wrong password", "/login", "application/json", `{"username":"u","password":"x"}`, "", 401, "invalid_grant"},
		{"the demo user", "/login", "application/json", demoLogin, "", 401, "invalid_grant"},
		{"a form", "/login", "application/x-www-form-urlencoded", "username=u&password=p", "", 400, "application/json"},
		{"no password", "/login", "application/json", `{"username":"u"}`, "", 400, "password is missing"},
		{"a Bearer", "/update-token", "", "", "Bearer x", 401, "raw"},
		{"an unknown refresh token", "/update-token", "", "", "x", 401, "invalid_grant"},
		{"an access token", "/update-token", "", "", "fixed", 401, "invalid_grant"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := must(t, http.MethodPost, url+"/nle-oauth/v1/user"+tt.path, tt.contentType, []byte(tt.body), "Authorization", tt.authorization)
			if r.status != tt.status || !strings.Contains(r.body, tt.want) {
				t.Errorf("got %d %s", r.status, r.body)
			}
		})
	}
}

// TestAPIKey: where it is asked for it is needed on everything of Bea Cukai's, and on nothing of T2G's.
func TestAPIKey(t *testing.T) {
	_, url := start(t, simulator.Options{APIKey: "key-1"})
	body := []byte(demoLogin)
	for path, method := range map[string]string{
		xray + "/get-foto-xray?nomorAju=X": http.MethodGet, "/v1/openapi-auth/user/login": http.MethodPost,
		"/v1/openapi-auth/user/update-token": http.MethodPost, xray + "/kirim-foto-xray": http.MethodPost,
	} {
		if r := must(t, method, url+path, "application/json", body); r.status != 403 || !strings.Contains(r.body, "beacukai-api-key") {
			t.Errorf("%s without a key: %d %s", path, r.status, r.body)
		}
		if r := must(t, method, url+path, "application/json", body, "beacukai-api-key", "key-1"); r.status == 403 {
			t.Errorf("%s with the key: %d %s", path, r.status, r.body)
		}
	}
	r := must(t, http.MethodPost, url+"/getresbycar/bc30", "application/json", []byte(`{"edinumber":"E","car":"`+simulator.PublishedCar+`"}`))
	if r.status != 200 {
		t.Errorf("T2G: %d %s", r.status, r.body)
	}
}
