package cli

import (
	"context"

	"kurir/agent"
	"kurir/agent/beacukai"
	"kurir/agent/cli/check"
	"kurir/agent/config"
	"kurir/agent/t2g"
	"kurir/agent/transport"
)

// nobody is a declaration that no one has made: to ask about it shows whether account, key and path are right.
var nobody = beacukai.Declaration{
	NomorAju: "KURIR-CHECK-0000000000000000000000000000000", NomorBlAwb: "KURIR-CHECK", TanggalBlAwb: "2000-01-01", KodeKantor: "000000",
}

// nobodysCar is the same for T2G.
const nobodysCar = "KURIRCHECK0000000000000000"

// servers are the APIs that the configuration names, ready to be checked. close ends their connections.
func servers(cfg *config.Config) (apis []check.API, close func()) {
	var clients []*transport.Client
	close = func() {
		for _, c := range clients {
			c.Close()
		}
	}
	for _, name := range []string{"beacukai", "t2g"} {
		connection := connections(cfg)[name]
		if connection == nil {
			continue
		}
		client, err := transport.New(agent.Connection(cfg, name, *connection, thisBuild().Version))
		if err != nil {
			apis = append(apis, check.API{Name: name, Connection: connection, Broken: err})
			continue
		}
		clients = append(clients, client)
		api := check.API{Name: name, Connection: connection, Unfilled: unfilled(connection.Auth)}
		if connection.Auth.Login != nil {
			api.Login = client.Authenticate
		}
		api.Probe, api.PathKey = probe(cfg, name, client)
		apis = append(apis, api)
	}
	return apis, close
}

// probe is a request about something that nobody has declared, and the key of the path that it uses.
func probe(cfg *config.Config, name string, client *transport.Client) (ask func(context.Context) error, pathKey string) {
	if name == "beacukai" {
		photos := beacukai.New(client, cfg.Beacukai.XrayPath)
		return func(ctx context.Context) error {
			_, err := photos.Get(ctx, nobody)
			return err
		}, "xray_path"
	}
	documents := t2g.New(client, t2g.Options{EDINumber: cfg.T2G.EDINumber, StatusResponPath: cfg.T2G.StatusResponPath})
	return func(ctx context.Context) error {
		_, err := documents.StatusRespon(ctx, nobodysCar, "30")
		return err
	}, "statusrespon_path"
}
