package alarm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"
)

// telegramAPI is where Telegram's bots send.
const telegramAPI = "https://api.telegram.org"

// A telegrammer sends to the one chat of Telegram that its configuration names. shoutrrr's own sender takes a message for
// delivered when there is no network, so only its reading of addresses is used.
type telegrammer struct {
	api  string
	to   *telegram.Config
	http *http.Client
}

// send delivers a message to the chat.
func (t *telegrammer) send(ctx context.Context, m Message) error {
	id, thread, _ := strings.Cut(t.to.Chats[0], ":")
	body := map[string]any{"chat_id": id, "text": m.Title + "\n\n" + m.Text}
	if n, err := strconv.Atoi(thread); err == nil {
		body["message_thread_id"] = n
	}
	if !t.to.Notification {
		body["disable_notification"] = true
	}
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.api+"/bot"+t.to.Token+"/sendMessage", bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := t.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct {
		OK          bool   `json:"ok"`
		Description string `json:"description"`
	}
	err = json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&answer)
	if err != nil || !answer.OK {
		return fmt.Errorf("telegram answers %s %s", res.Status, answer.Description)
	}
	return nil
}
