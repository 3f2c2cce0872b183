package main

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// figure is one line of the report.
type figure struct {
	name            string
	unit            string
	ours, yardstick func(context.Context) (float64, error) // one measurement, in unit
	missed          func(context.Context, io.Writer) error // tells why, when the ratio is below aim; nil without an aim
}

// aim is the least ratio of the harness's rate to the stub's.
const aim = 0.85

// measure alternates between both sides, which take turns to go first, and prints the medians. ratio is the median of
// ours by that of the yardstick; spread holds the least and the greatest ratio of one round.
func (f *figure) measure(ctx context.Context, out io.Writer, rounds int) error {
	var ours, yardstick, ratios []float64
	for round := range rounds {
		progress("%s: round %d of %d", f.name, round+1, rounds)
		order := []func() error{
			func() error { return take(ctx, &ours, f.ours) },
			func() error { return take(ctx, &yardstick, f.yardstick) },
		}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, measure := range order {
			if err := measure(); err != nil {
				progress("")
				return fmt.Errorf("%s: %w", f.name, err)
			}
		}
		ratios = append(ratios, ours[round]/yardstick[round])
	}
	progress("")
	ratio := median(ours) / median(yardstick)
	_, err := fmt.Fprintf(out, "%s ours=%s yardstick=%s ratio=%.2f rounds=%d spread=%.2f–%.2f\n", f.name,
		f.text(median(ours)), f.text(median(yardstick)), ratio, rounds, slices.Min(ratios), slices.Max(ratios))
	if err != nil || f.missed == nil || ratio >= aim {
		return err
	}
	return f.missed(ctx, out)
}

func (f *figure) text(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.2f%s", v, f.unit)
	}
	return fmt.Sprintf("%.0f%s", v, f.unit)
}

func take(ctx context.Context, list *[]float64, measure func(context.Context) (float64, error)) error {
	v, err := measure(ctx)
	*list = append(*list, v)
	return err
}

// warm measures each side once and forgets it, so that connections, caches and files are there.
func (f *figure) warm(ctx context.Context) error {
	progress("%s: warming up", f.name)
	defer progress("")
	for _, measure := range []func(context.Context) (float64, error){f.ours, f.yardstick} {
		if _, err := measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}
