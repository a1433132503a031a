package cli

import (
	"context"
	"fmt"
	"net"

	"kurir/agent/control"
)

// showPage prints the page's address with the token in it, so that whoever opens it may also try again. Only who may
// read control.json gets that far; the token stands behind the #, which a browser sends to nobody, and the page takes it
// out of the address at once.
func (a *app) showPage(ctx context.Context) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	if cfg.Dashboard.Listen == "" {
		return usagef("%s", a.say(`halaman dimatikan di konfigurasi: isi "dashboard: {listen: 127.0.0.1:8650}"`,
			`the page is turned off in the configuration: set "dashboard: {listen: 127.0.0.1:8650}"`))
	}
	client, err := control.Dial(ctx, cfg.DataDir)
	if err != nil {
		return fmt.Errorf("%s: %w", a.say("halaman hanya ada selama agen berjalan", "the page is there while the agent runs"), err)
	}
	a.note(a.say("Buka alamat ini di peramban; alamat ini memuat token, jadi jangan dibagikan:",
		"Open this address in a browser; the token is in it, so do not pass it on:"))
	_, err = fmt.Fprintln(a.out, client.PageURL())
	return err
}

// pageAddress is where the page is for a browser on this machine when it listens there; "" when it is turned off, or has
// whatever port is free.
func pageAddress(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "" || port == "0" {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}
