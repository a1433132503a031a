package config

import (
	"net/url"
	"strings"
	"time"
)

// derive turns what is written into what is meant: absolute paths, addresses without a slash at the end, the time
// zone, and the login's addresses, whose default is on base_url's host.
func (r *reading) derive(c *Config) {
	r.resolve("data_dir", &c.DataDir)
	r.resolve("log.file", &c.Log.File)
	for i := range c.Inboxes {
		key := element("inboxes", i)
		r.resolve(key+".path", &c.Inboxes[i].Path)
		r.resolve(key+".outbox", &c.Inboxes[i].Outbox)
	}
	if b := c.Beacukai; b != nil {
		r.deriveConnection("beacukai", &b.Connection)
		b.XrayPath = strings.TrimRight(b.XrayPath, "/")
		if l := b.Auth.Login; l != nil {
			l.defaultTo(b.BaseURL)
			if l.URL == "" { // base_url is missing or wrong, which is reported as such
				r.broken["beacukai.auth.login.url"] = true
			}
		}
	}
	if t := c.T2G; t != nil {
		r.deriveConnection("t2g", &t.Connection)
	}
	if zone, err := time.LoadLocation(c.Timezone); err == nil {
		c.location = zone
	}
}

func (r *reading) deriveConnection(key string, c *Connection) {
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	r.resolve(key+".ca_file", &c.CAFile)
	r.resolve(key+".client_cert", &c.ClientCert)
	r.resolve(key+".client_key", &c.ClientKey)
	if c.ClientKey != "" {
		r.secrets = append(r.secrets, c.ClientKey)
		c.ClientKey = source(c.ClientKey)
	}
}

// The published addresses of Bea Cukai's login, on the host of the API.
const (
	loginPath   = "/nle-oauth/v1/user/login"
	refreshPath = "/nle-oauth/v1/user/update-token"
)

// defaultTo fills in where to log in, so that a password for one host is never sent to another. A login address of
// the user's own keeps the refresh address that stands beside it, if any.
func (l *Login) defaultTo(base string) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || l.URL != "" {
		return
	}
	host := u.Scheme + "://" + u.Host
	l.URL = host + loginPath
	if l.RefreshURL == "" {
		l.RefreshURL = host + refreshPath
	}
}
