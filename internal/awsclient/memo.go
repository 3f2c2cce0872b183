package awsclient

import "context"

// memo remembers the first good answer of a slow question. Callers wait for one another, each no longer than
// its own context; a failure is not remembered.
type memo[T any] struct {
	turn  chan struct{} // holds one token; whoever has it owns the fields below
	value *T
}

func newMemo[T any]() memo[T] { return memo[T]{turn: make(chan struct{}, 1)} }

func (m *memo[T]) get(ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	var zero T
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return zero, ctx.Err()
	}
	if m.value != nil {
		return *m.value, nil
	}
	value, err := ask(ctx)
	if err != nil {
		return zero, err
	}
	m.value = &value
	return value, nil
}
