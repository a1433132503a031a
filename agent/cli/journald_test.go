package cli

import (
	"bytes"
	"testing"

	"kurir/agent/config"
)

func TestJournalHasPriorityAndNoSecondTime(t *testing.T) {
	for format, want := range map[string]string{
		"text": "<7>level=DEBUG msg=a\n<6>level=INFO msg=b at=noon\n<4>level=WARN msg=c\n<3>level=ERROR msg=d\n",
		"json": `<7>{"level":"DEBUG","msg":"a"}` + "\n" + `<6>{"level":"INFO","msg":"b","at":"noon"}` + "\n" +
			`<4>{"level":"WARN","msg":"c"}` + "\n" + `<3>{"level":"ERROR","msg":"d"}` + "\n",
	} {
		var said bytes.Buffer
		log := newLogger(config.Log{Level: "debug", Format: format}, journald{&said})
		log.Debug("a")
		log.Info("b", "at", "noon")
		log.Warn("c")
		log.Error("d")
		log.close()
		if got := said.String(); got != want {
			t.Errorf("%s:\n%swant\n%s", format, got, want)
		}
	}
}
