package control

import (
	"context"
	"fmt"
	"net/http"
)

// Check looks whether everything that the agent needs works as its own process sees it, and tells of each result as soon
// as it is known, from one goroutine. The language of the words is "id" or "en"; "" is the configuration's.
type Check func(ctx context.Context, language string, tell func(CheckResult)) error

// CheckResult is the outcome of one check.
type CheckResult struct {
	Subject string `json:"subject"` // config, data_dir, log, inbox NAME, beacukai, t2g or alarms
	Check   string `json:"check"`   // what was tried
	Status  string `json:"status"`  // ok, warn or fail
	Detail  string `json:"detail"`
	Remedy  string `json:"remedy,omitempty"`
}

// checkRequest is the body of POST /api/v1/check.
type checkRequest struct {
	Language string `json:"language,omitempty"`
}

func (s *Server) check(w http.ResponseWriter, r *http.Request) {
	var request checkRequest
	err := readJSON(r, &request)
	if l := request.Language; err == nil && l != "" && l != "id" && l != "en" {
		err = fmt.Errorf("%w: language is id or en", ErrInvalid)
	}
	if err != nil {
		s.reply(w, nil, err)
		return
	}
	s.log.Info("check asked for")
	s.follow(w, r, func(tell func(progress)) progress {
		err := s.o.Check(r.Context(), request.Language, func(r CheckResult) { tell(progress{Result: &r}) })
		return progress{Error: s.refusal(err)}
	})
}

// Check asks the agent to look, as Check says. ErrNoMatch when it is one that cannot.
func (c *Client) Check(ctx context.Context, language string, tell func(CheckResult)) error {
	_, err := c.follow(ctx, "/api/v1/check", checkRequest{Language: language}, func(p progress) {
		if p.Result != nil {
			tell(*p.Result)
		}
	})
	return err
}
