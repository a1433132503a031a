package agent

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Of ten thousand sets that cannot be moved a person is told the first, and how many there are.
func TestFewOfManyErrors(t *testing.T) {
	var many []error
	for n := range 10000 {
		many = append(many, fmt.Errorf("retry lane-1/%d: no room", n))
	}
	said := few(errors.Join(many...)).Error()
	if strings.Count(said, "\n") != mostErrors || !strings.HasPrefix(said, "retry lane-1/0: no room\n") || !strings.HasSuffix(said, "(10000)") {
		t.Errorf("said %s", said)
	}
	if one := errors.Join(many[0], nil); !errors.Is(few(one), many[0]) || few(errors.Join(nil, nil)) != nil {
		t.Error("one error, or none, is not left as it is")
	}
}
