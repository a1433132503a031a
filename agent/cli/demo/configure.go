package demo

import (
	"fmt"
	"os"
	"path/filepath"

	"kurir/agent/config"
	"kurir/agent/simulator"
)

// The configuration of a demonstration: everything quick, so that a minute is enough.
const configText = `# Made by "kurir demo". The simulator that it names lives only as long as the demonstration.
data_dir: data
language: %[4]s
beacukai:
  base_url: %[1]s/openapi/cnpibk
  timeout: 5s
  auth:
    login:
      url: %[1]s/nle-oauth/v1/user/login
      refresh_url: %[1]s/nle-oauth/v1/user/update-token
      username: %[2]s
      password: %[3]s
t2g:
  base_url: %[1]s
  edinumber: "EDI0001"
  timeout: 5s
  auth: {token: %[5]s}
inboxes:
  - name: lane-1
    kind: xray
    path: inbox/lane-1
    outbox: outbox/xray
    settle: 500ms
    retry: {first: 300ms, max: 3s, give_up_after: 10m, not_found_for: 4s}
  - name: erp
    kind: aju
    path: inbox/erp
    outbox: outbox/t2g
    settle: 500ms
    poll: {first: 1s, max: 3s, factor: 1.5, tail_every: 3s, tail_for: 1h}
dashboard: {listen: "127.0.0.1:0"}
`

// configure writes the configuration and loads it as any other.
func (s *stage) configure(url string) (*config.Config, error) {
	path := filepath.Join(s.dir, "kurir.yaml")
	text := fmt.Sprintf(configText, url, simulator.DemoUser, simulator.DemoPassword, s.o.Say("id", "en"), simulator.DemoToken)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	return config.Load(path)
}
