package cli

import "testing"

func TestPageAddress(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8650": "http://127.0.0.1:8650/", "0.0.0.0:9": "http://127.0.0.1:9/", ":9": "http://127.0.0.1:9/", "[::]:9": "http://127.0.0.1:9/",
		"[::1]:9": "http://[::1]:9/", "scanner:80": "http://scanner:80/", "127.0.0.1:0": "", "": "",
	} {
		if got := pageAddress(listen); got != want {
			t.Errorf("%q has its page at %q, not %q", listen, got, want)
		}
	}
}
