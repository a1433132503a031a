package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority of the tests.
type certAuthority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // PEM
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t *testing.T) *certAuthority {
	t.Helper()
	a := &certAuthority{key: newKey(t), file: filepath.Join(t.TempDir(), "ca.pem")}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kurir test authority"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

// issue writes a certificate for 127.0.0.1 and its key.
func (a *certAuthority) issue(t *testing.T, notAfter time.Time) (certFile, keyFile string) {
	t.Helper()
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kurir test"}, NotAfter: notAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, certFile, "CERTIFICATE", der)
	writePEM(t, keyFile, "PRIVATE KEY", keyDER)
	return certFile, keyFile
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serveTLS serves with a certificate of a; with mutual it asks for one of a, too.
func (a *certAuthority) serveTLS(t *testing.T, notAfter time.Time, mutual bool) string {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(a.issue(t, notAfter))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"clients": %d}`, len(r.TLS.PeerCertificates))
	}))
	s.Config.ErrorLog = discardLog()
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	if mutual {
		pool := x509.NewCertPool()
		pool.AddCert(a.cert)
		s.TLS.ClientAuth, s.TLS.ClientCAs = tls.RequireAndVerifyClientCert, pool
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func TestTLS(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	later, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	certFile, keyFile := ours.issue(t, later)
	foreignCert, foreignKey := theirs.issue(t, later)
	for name, row := range map[string]struct {
		base   string
		change func(*Options)
		want   string // in the error; "" is success
	}{
		"own authority": {ours.serveTLS(t, later, false), func(o *Options) { o.CAFile = ours.file }, ""},
		"unknown":       {ours.serveTLS(t, later, false), nil, "name it in ca_file"},
		"other":         {ours.serveTLS(t, later, false), func(o *Options) { o.CAFile = theirs.file }, "name it in ca_file"},
		"expired":       {ours.serveTLS(t, past, false), func(o *Options) { o.CAFile = ours.file }, "clock of this computer"},
		"mutual": {ours.serveTLS(t, later, true), func(o *Options) {
			o.CAFile, o.ClientCert, o.ClientKey = ours.file, certFile, keyFile
		}, ""},
		"mutual without ours": {ours.serveTLS(t, later, true), func(o *Options) { o.CAFile = ours.file }, "certificate required"},
		"mutual with another's": {ours.serveTLS(t, later, true), func(o *Options) {
			o.CAFile, o.ClientCert, o.ClientKey = ours.file, foreignCert, foreignKey
		}, "tls:"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, row.base, row.change)
			_, err := c.Do(t.Context(), post("x"))
			switch {
			case row.want == "" && err != nil:
				t.Error(err)
			case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
				// The server may reset before its alert is read.
				if !strings.HasPrefix(name, "mutual") || err == nil {
					t.Errorf("%v, want %q", err, row.want)
				}
			}
		})
	}
}

func TestCAFileWithoutACertificate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{BaseURL: "https://h", CAFile: file}); err == nil || !strings.Contains(err.Error(), "ca_file") {
		t.Errorf("%v", err)
	}
}
