package simulator

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// page is what a gateway in trouble shows.
const page = `<!DOCTYPE html>
<html><head><title>Service Temporarily Unavailable</title></head>
<body><center><h1>Service Temporarily Unavailable</h1></center><hr><center>gateway</center></body></html>
`

// know tells the fault script the number that the request is about.
func (x *exchange) know(key string) error {
	x.rec.Aju = key
	return x.meet(pointKey, key)
}

// meet lets the rules that can be decided at p befall the request. The error is a refusal.
func (x *exchange) meet(p point, key string) error { return x.meetFacts(p, facts{key: key}) }

// uploaded is meet once an upload has been read.
func (x *exchange) uploaded(key string, images int) error {
	if err := x.meetFacts(pointRead, facts{key: key, images: images}); err != nil {
		return err
	}
	return x.befall(WhenRead)
}

func (x *exchange) meetFacts(p point, f facts) error {
	f.op, f.length = x.rec.Op, x.r.ContentLength
	for _, rule := range x.s.script.choose(p, f, x.rule == nil) {
		if rule.Do != DoNothing {
			x.rule = &rule
		}
		if x.rec.Fault != "" {
			x.rec.Fault += "; "
		}
		x.rec.Fault += rule.String()
		x.delay += rule.LatencyAfter
		x.rate = cmp.Or(x.rate, rule.ReadRate)
		x.sleep(rule.LatencyBefore)
	}
	return x.befall(WhenArrival)
}

// befall lets the chosen effect come if its moment is now or has passed. The error is a refusal; a cut or a stall
// does not return.
func (x *exchange) befall(now When) error {
	if x.rule == nil || slices.Index(moments, x.rule.When) > slices.Index(moments, now) {
		return nil
	}
	a := answer{status: x.rule.Status}
	switch x.rule.Do {
	case DoCut, DoStall:
		x.endBadly()
	case DoStatus:
		a = x.s.refuse(x.rec.Op, x.rule.Status, "this is a scripted fault")
	case DoExpire:
		x.s.ExpireTokens()
		a = x.s.refuse(x.rec.Op, http.StatusUnauthorized, "this is a scripted fault")
	case DoAnswer:
		a.body = []byte(x.rule.Body)
	case DoHTML:
		a = answer{status: x.rule.Status, body: []byte(page)}.with("Content-Type", "text/html")
	default:
		return nil // it spoils the answer
	}
	a = x.retryAfter(a).with(faultHeader, x.rule.String())
	x.rule = nil // it comes once
	return refusal{a}
}

// retryAfter adds the header that the rule wants.
func (x *exchange) retryAfter(a answer) answer {
	switch after := x.rule.RetryAfter; {
	case after > 0 && x.rule.RetryAfterDate:
		return a.with("Retry-After", x.s.now().Add(after).UTC().Format(http.TimeFormat))
	case after > 0:
		return a.with("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	default:
		return a
	}
}

// does says whether the request is to suffer what.
func (x *exchange) does(what Do) bool { return x.rule != nil && x.rule.Do == what }

// spoil is the last place for an effect: the work is done, and a is the answer that should be.
func (x *exchange) spoil(a answer) answer {
	if err := x.befall(WhenStored); err != nil {
		return x.refused(err)
	}
	switch {
	case x.does(DoTruncate):
		a.body = a.body[:len(a.body)/2]
	case x.does(DoEmpty):
		a = answer{status: http.StatusOK}
	}
	return a
}

// endBadly ends the exchange without (more of) an answer: at once, or for DoStall when the client has given up. A
// client that leaves while the body has not been read cannot be noticed: then the stall lasts as long as it may.
func (x *exchange) endBadly() {
	if x.rule.Do == DoStall {
		x.sleep(cmp.Or(x.rule.StallFor, 5*time.Minute))
	}
	x.rec.Status, x.rec.Code = 0, 0
	x.rec.Note = fmt.Sprintf("no (whole) answer by script, %d bytes of the body were read", x.read)
	panic(http.ErrAbortHandler)
}
