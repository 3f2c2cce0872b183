package main

import (
	"context"
	"fmt"
	"io"
	"time"

	amazonion "github.com/amzn/ion-go/ion"
	ionhash "github.com/amzn/ion-hash-go"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// benchIon hashes one document from its bytes, ours next to Amazon's library, in microseconds.
func benchIon(ctx context.Context, out io.Writer, s *settings, _ string) error {
	raw, err := amazonion.MarshalBinary(newDocument(0, padding))
	if err != nil {
		return err
	}
	ours, err := hashOurs(raw)
	if err != nil {
		return err
	}
	theirs, err := hashAmazon(raw)
	if err != nil {
		return err
	}
	if ours != theirs {
		return fmt.Errorf("hashes differ: ours %x, Amazon's %x", ours, theirs)
	}
	f := figure{
		name: fmt.Sprintf("ion-hash-%d-bytes", len(raw)), unit: "µs",
		ours:      func(context.Context) (float64, error) { return hashTime(s.time, raw, hashOurs) },
		yardstick: func(context.Context) (float64, error) { return hashTime(s.time, raw, hashAmazon) },
	}
	return f.measure(ctx, out, s.rounds)
}

func hashOurs(raw []byte) ([32]byte, error) {
	v, err := ion.DecodeOne(raw, ion.Options{})
	if err != nil {
		return [32]byte{}, err
	}
	return ion.Hash(v), nil
}

func hashAmazon(raw []byte) ([32]byte, error) {
	r, err := ionhash.NewHashReader(amazonion.NewReaderBytes(raw), ionhash.NewCryptoHasherProvider(ionhash.SHA256))
	if err != nil {
		return [32]byte{}, err
	}
	for r.Next() {
	}
	if err := r.Err(); err != nil {
		return [32]byte{}, err
	}
	sum, err := r.Sum(nil)
	if err != nil {
		return [32]byte{}, err
	}
	return [32]byte(sum), nil
}

// hashTime is the mean time of one hash while d passes.
func hashTime(d time.Duration, raw []byte, hash func([]byte) ([32]byte, error)) (float64, error) {
	n, start := 0, time.Now()
	for time.Since(start) < d {
		for range 100 {
			if _, err := hash(raw); err != nil {
				return 0, err
			}
		}
		n += 100
	}
	return float64(time.Since(start).Nanoseconds()) / 1e3 / float64(n), nil
}
