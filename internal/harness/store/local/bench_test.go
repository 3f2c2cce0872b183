package local_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

func BenchmarkUpdate(b *testing.B) {
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprint("durable/writers=", writers), func(b *testing.B) { update(b, writers, local.Options{}) })
	}
	b.Run("nosync/writers=1", func(b *testing.B) { update(b, 1, local.Options{NoSync: true}) })
}

func update(b *testing.B, writers int, o local.Options) {
	s := open(b, b.TempDir(), o)
	value := []byte(strings.Repeat("v", 300))
	turns := make(chan int, writers)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := range turns {
				err := s.Update(b.Context(), func(w store.Writer) error { return w.Put(fmt.Sprint("key/", i%1000), value) })
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := 0; b.Loop(); i++ {
		turns <- i
	}
	close(turns)
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
}

func BenchmarkOpenNew(b *testing.B) {
	for _, o := range []local.Options{{}, {NoSync: true}} {
		b.Run(fmt.Sprint("nosync=", o.NoSync), func(b *testing.B) {
			dir := b.TempDir()
			for i := 0; b.Loop(); i++ {
				s, err := local.Open(b.Context(), fmt.Sprint(dir, "/", i), o)
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpenFilled(b *testing.B) {
	dir := b.TempDir()
	s, err := local.Open(b.Context(), dir, local.Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	for i := range 2000 {
		put(b, s, fmt.Sprint("key/", i), strings.Repeat("v", 1000))
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := local.Open(b.Context(), dir, local.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
