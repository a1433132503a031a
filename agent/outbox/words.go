package outbox

import "fmt"

// words is an error that is English by itself, and in other languages what its key stands for there.
type words struct {
	key, format string
	about       []any
}

// say makes words. Key and format are constants, so that a test finds them all.
func say(key, format string, about ...any) *words { return &words{key, format, about} }

// Error returns the words in English.
func (w *words) Error() string { return fmt.Sprintf(w.format, w.about...) }

// Parts returns the key, and what the words are about.
func (w *words) Parts() (key string, about []any) { return w.key, w.about }

// Unwrap returns the errors that the words are about.
func (w *words) Unwrap() []error {
	var errs []error
	for _, a := range w.about {
		if err, ok := a.(error); ok {
			errs = append(errs, err)
		}
	}
	return errs
}
