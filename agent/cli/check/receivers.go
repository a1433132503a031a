package check

import (
	"context"
	"fmt"
	"os"
	"strings"

	"kurir/agent/alarm"
)

// receivers checks the addresses of those who are told of alarms, and with Notify that a message reaches them.
func (c *checker) receivers(ctx context.Context) {
	const subject = "alarms"
	if len(c.Config.Alarms.Notify) == 0 {
		if c.Notify {
			c.warn(subject, "notify", c.Say("alarms.notify kosong", "alarms.notify is empty"),
				c.Say("tulis alamat shoutrrr di sana", "write shoutrrr addresses there"))
		}
		return
	}
	addresses := make([]string, len(c.Config.Alarms.Notify))
	for i, to := range c.Config.Alarms.Notify {
		addresses[i] = to.Reveal()
	}
	found, errs := alarm.NewReceivers(addresses)
	for i, err := range errs {
		if err != nil {
			c.fail(subject, "notify", fmt.Sprintf("alarms.notify[%d]: %v", i, err),
				c.Say("lihat contoh alamat di README, bagian Alarms", "see the examples of addresses in the README, section Alarms"))
		}
	}
	var names []string
	for _, r := range found {
		names = append(names, r.Name)
		if c.Notify {
			c.tell(ctx, subject, r)
		}
	}
	if !c.Notify && len(names) > 0 {
		c.ok(subject, "notify", strings.Join(names, ", "))
	}
}

// tell sends one receiver a test message.
func (c *checker) tell(ctx context.Context, subject string, r alarm.Receiver) {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	err = r.Send(ctx, alarm.Message{
		Title: fmt.Sprintf(c.Say("kurir di %s: pesan percobaan", "kurir on %s: a test message"), host),
		Text:  c.Say("Alarm kurir akan sampai di sini.", "kurir's alarms will arrive here."),
	})
	if err != nil {
		c.fail(subject, "notify", r.Name+": "+err.Error(),
			c.Say("periksa alamat dan jaringan ke penerima itu", "check the address and the way to that receiver"))
		return
	}
	c.ok(subject, "notify", fmt.Sprintf(c.Say("%s: pesan percobaan terkirim", "%s: a test message was sent"), r.Name))
}
