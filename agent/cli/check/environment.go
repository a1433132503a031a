package check

import (
	"fmt"
	"net/url"
	"strings"

	"kurir/agent/transport"
)

// developmentHost begins the names of Bea Cukai's development servers; the production server is apis-gw.
const developmentHost = "apisdev"

// development reports whether an address is that of a development server.
func development(address string) bool {
	u, err := url.Parse(address)
	return err == nil && strings.HasPrefix(strings.ToLower(u.Hostname()), developmentHost)
}

// environment says when the server is not the real one, and when login and work go to different ones.
func (c *checker) environment(api API) {
	base := api.Connection.BaseURL
	if l := api.Connection.Auth.Login; l != nil && development(l.URL) != development(base) {
		c.fail(api.Name, "server", fmt.Sprintf(c.Say("login di %s tetapi bekerja di %s: yang satu server pengembangan, yang lain bukan",
			"login at %s but work at %s: one is a development server, the other is not"), host(l.URL), host(base)),
			c.Say("samakan auth.login.url dan base_url", "let auth.login.url and base_url name the same server"))
		return
	}
	if development(base) {
		c.warn(api.Name, "server", fmt.Sprintf(c.Say("%s adalah server pengembangan: yang dikirim ke sana tidak berlaku",
			"%s is a development server: what is sent there does not count"), host(base)),
			c.Say("untuk pekerjaan nyata pakai https://apis-gw.beacukai.go.id dengan akun produksi",
				"for real work use https://apis-gw.beacukai.go.id with a production account"))
	}
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "?"
	}
	return u.Host
}

// accountRefused reports whether a refusal is about who asks.
func accountRefused(kind transport.Kind) bool {
	return kind == transport.Unauthorized || kind == transport.LoginRefused || kind == transport.Forbidden
}
