package protectedledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/protectedledger"
)

var (
	notFound  = error(&kmstypes.NotFoundException{})
	denied    = error(&smithy.GenericAPIError{Code: "AccessDeniedException"})
	throttled = error(&smithy.GenericAPIError{Code: "ThrottlingException"})
	noAnswer  = errors.New("connection reset")
)

func TestAwait(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		polls []any // strings are readings, errors are errors; the last repeats
		hits  int
		gone  bool
		want  error // nil: done
		after int   // polls made
	}{
		{name: "at once", polls: []any{"done"}, after: 1},
		{name: "later", polls: []any{"busy", "busy", "done"}, after: 3},
		{name: "hits in a row", polls: []any{"done", "busy", "done", "done", "done"}, hits: 3, after: 5},
		{name: "time is up", polls: []any{"busy"}, want: protectedledger.ErrTimeout},
		{name: "not known yet", polls: []any{notFound, notFound, "done"}, after: 3},
		{name: "vanished", polls: []any{"busy", notFound}, want: protectedledger.ErrVanished, after: 2},
		{name: "gone", polls: []any{"busy", notFound}, gone: true, after: 2},
		{name: "denied three times", polls: []any{denied}, want: denied, after: 3},
		{name: "denied twice", polls: []any{denied, denied, "done"}, after: 3},
		{name: "throttled four times", polls: []any{throttled, throttled, noAnswer, throttled, "done"}, after: 5},
		{name: "no answer five times", polls: []any{noAnswer}, want: noAnswer, after: 5},
		{name: "failed", polls: []any{"busy", "broken"}, want: errBroken, after: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			clk := &clock{now: time.Unix(0, 0)}
			n := 0
			_, err := protectedledger.Await(t.Context(), protectedledger.Options{
				Now: clk.Now, Sleep: clk.Sleep, Random: func() float64 { return 0.5 },
			}, protectedledger.Wait[string]{
				For: "it", Gone: c.gone, Hits: c.hits, Limit: time.Minute,
				Find: func(context.Context) (string, error) {
					poll := c.polls[min(n, len(c.polls)-1)]
					n++
					if err, ok := poll.(error); ok {
						return "", err
					}
					return poll.(string), nil
				},
				Status: func(s string) string { return s },
				Done:   func(s string) bool { return s == "done" },
				Failed: func(s string) error {
					if s == "broken" {
						return errBroken
					}
					return nil
				},
			})
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if c.after != 0 && n != c.after {
				t.Errorf("polled %d times, want %d", n, c.after)
			}
		})
	}
}

var errBroken = errors.New("broken")

// An interrupt and a deadline end a wait differently.
func TestAwaitStopped(t *testing.T) {
	t.Parallel()
	busy := protectedledger.Wait[string]{
		For: "it", Limit: time.Hour, Status: func(s string) string { return s }, Done: func(string) bool { return false },
		Find: func(context.Context) (string, error) { return "busy", nil },
	}
	clk := &clock{now: time.Unix(0, 0)}
	o := protectedledger.Options{Now: clk.Now, Sleep: clk.Sleep, Random: func() float64 { return 0.5 }}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := protectedledger.Await(canceled, o, busy); !errors.Is(err, protectedledger.ErrInterrupted) {
		t.Errorf("canceled: got %v", err)
	}
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	if _, err := protectedledger.Await(late, o, busy); !errors.Is(err, protectedledger.ErrTimeout) {
		t.Errorf("deadline: got %v", err)
	}
}
