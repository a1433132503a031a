package transport

import "time"

// Kind classifies what became of a request. The clients classify; the pipelines decide what follows.
type Kind string

// The kinds of errors, after the answer table of the contract.
const (
	NotFound     Kind = "not_found"     // 404, in the HTTP status or in the body
	Unauthorized Kind = "unauthorized"  // 401 again after a new token
	LoginRefused Kind = "login_refused" // the login itself was refused, or the guard against locking the account holds
	Forbidden    Kind = "forbidden"     // 403: API key or address
	Conflict     Kind = "conflict"      // 409
	Rejected     Kind = "rejected"      // 400, 415, 422 and other refusals that repeating does not mend
	TooLarge     Kind = "too_large"     // 413
	Throttled    Kind = "throttled"     // 429
	Unavailable  Kind = "unavailable"   // 503
	Server       Kind = "server_error"  // other 5xx
	BadResponse  Kind = "bad_response"  // not JSON, cut off, too long, or neither success nor a known refusal
	Timeout      Kind = "timeout"       // no progress within the time-out
	Network      Kind = "network"       // no connection, reset, TLS failure
	Paused       Kind = "paused"        // not made: the API has refused or throttled whoever asks meanwhile
	Local        Kind = "local"         // our own side: a file that changed or cannot be read while it is sent
)

// Error is a request that did not succeed.
type Error struct {
	Kind       Kind
	Op         string        // what was done: "kirim", "add", "get", "login", "refresh", "statusrespon", "getresbycar"
	Status     int           // the HTTP status; 0 without an answer
	Code       int           // the code in the body; 0 when there is none
	Message    string        // the server's own message, bounded; no secrets
	Excerpt    string        // the beginning of a body that could not be understood, bounded, printable
	Raw        []byte        // the answer verbatim when it was JSON, bounded
	RetryAfter time.Duration // what the server asked for; 0 when it did not
	Unknown    bool          // the server may have acted on the request: nobody knows
	Err        error         // the cause, for errors.Is and errors.As, perhaps in Words of our own; may be nil
}

// Error says what failed, in one line of English, without secrets.
func (e *Error) Error() string { return e.words().Error() }

// Parts returns the same for other languages, as Words.Parts does.
func (e *Error) Parts() (key string, about []any) { return e.words().Parts() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
