package qldb_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// brokenObjects is S3 whose calls fail before they do anything or after they did everything.
type brokenObjects struct {
	qldb.Objects
	*breaker
}

func (o brokenObjects) Put(ctx context.Context, object delivery.Object) error {
	if err := o.enter(); err != nil {
		return err
	}
	if err := o.Objects.Put(ctx, object); err != nil {
		return err
	}
	return o.leave()
}

// brokenRecords is Kinesis of that kind.
type brokenRecords struct {
	qldb.Records
	*breaker
}

func (r brokenRecords) Append(ctx context.Context, to delivery.Target, records []delivery.Record) error {
	if err := r.enter(); err != nil {
		return err
	}
	if err := r.Records.Append(ctx, to, records); err != nil {
		return err
	}
	return r.leave()
}

// branch is d as it is now, with a clock, a state and files of its own. The journals are d's, so nothing may be
// committed to them any more.
func (d *delivered) branch() (*delivered, qldb.Config) {
	d.t.Helper()
	b := &delivered{dir: d.t.TempDir(), journals: d.journals}
	b.world = &world{t: d.t, clock: clock.NewFrozen(d.clock.Now()), keys: d.keys}
	b.state = &memory{values: maps.Clone(d.state.(*memory).values)}
	b.objects = delivery.NewObjects(filepath.Join(b.dir, "s3"), delivery.Options{NoSync: true})
	cfg := qldb.Config{
		State: b.state, Sealer: ownSealer{}, Keys: b.keys, Clock: b.clock, Rand: rand.Reader,
		Journals: b.journals, Objects: b.objects,
		Records: b.newRecords(), ExportObjectBytes: 2000,
	}
	b.service = newService(d.t, cfg)
	return b, cfg
}

// newRecords is what another process knows of the files.
func (d *delivered) newRecords() qldb.Records {
	return delivery.NewRecords(filepath.Join(d.dir, "kinesis"), d.clock.Now, delivery.Options{NoSync: true})
}

// cutOff runs a request and the ticks after it with each of their calls broken in four ways, and has check look at
// what came of it after another process went on.
func cutOff(
	t *testing.T, request func(d *delivered, s *qldb.Service) error,
	check func(d *delivered, how string, acknowledged bool),
) {
	t.Helper()
	base := newDelivered(t)
	base.active("orders", "") // no key that is watched: the calls are those of the export or stream
	base.commit("orders", "CREATE TABLE Test")
	base.insert("orders", 1, 5)
	base.clock.Advance(time.Second)
	for n := 1; ; n++ {
		reached := false
		for mode := range 4 {
			b := &breaker{at: n, late: mode&1 != 0, dead: mode&2 != 0}
			d, cfg := base.branch()
			cfg.State, cfg.Objects = brokenState{cfg.State, b}, brokenObjects{cfg.Objects, b}
			cfg.Records = brokenRecords{cfg.Records, b}
			broken := newService(t, cfg)
			err := request(d, broken)
			for range 8 {
				d.clock.Advance(time.Second)
				_, _ = broken.Tick(t.Context()) // an error is what is to be survived
			}
			reached = reached || b.count >= n
			cfg.State, cfg.Objects, cfg.Records = d.state, d.objects, d.newRecords()
			d.service = newService(t, cfg)
			for range 8 {
				d.clock.Advance(5 * time.Second)
				if _, err := d.service.Tick(t.Context()); err != nil {
					t.Errorf("tick after the failure: %v", err)
				}
			}
			check(d, fmt.Sprintf("call %d, late %v, dead %v", n, b.late, b.dead), err == nil)
		}
		if !reached {
			t.Logf("%d calls broken", n-1)
			return
		}
	}
}

// TestExportCutOffAnywhere: an export that was acknowledged is complete in the end, whatever was cut off.
func TestExportCutOffAnywhere(t *testing.T) {
	t.Parallel()
	cutOff(t, func(d *delivered, s *qldb.Service) error {
		in := exportInput("orders")
		in.ExclusiveEndTime, in.S3ExportConfiguration.Prefix = wire.At(d.clock.Now()), ptr("journal/orders")
		_, err := s.ExportJournalToS3(t.Context(), call(), in)
		return err
	}, func(d *delivered, how string, acknowledged bool) {
		want := d.blocks("orders")
		ids := d.listExports("orders", 100)
		if acknowledged && len(ids) != 1 || len(ids) > 1 {
			t.Errorf("%s: got exports %q", how, ids)
		}
		for _, id := range ids {
			d.wantExport("orders", id, "COMPLETED")
			keys, got := d.readExport(id, d.engine("orders").StrandID())
			if diff := cmp.Diff(want, got, cmp.Comparer(sameBlock)); diff != "" {
				t.Errorf("%s: blocks (-want +got):\n%s", how, diff)
			}
			if files := d.files("s3"); len(files) != len(keys)+2 {
				t.Errorf("%s: got %d files, want %d", how, len(files), len(keys)+2)
			}
		}
	})
}

// TestStreamCutOffAnywhere: a stream that was acknowledged delivers everything in order, and, since the files tell
// what they have, once.
func TestStreamCutOffAnywhere(t *testing.T) {
	t.Parallel()
	cutOff(t, func(d *delivered, s *qldb.Service) error {
		in := streamInput("orders")
		in.ExclusiveEndTime = wire.At(d.clock.Now().Add(time.Second))
		in.KinesisConfiguration.AggregationEnabled = ptr(false)
		_, err := s.StreamJournalToKinesis(t.Context(), call(), in)
		return err
	}, func(d *delivered, how string, acknowledged bool) {
		ids := d.listStreams(100)
		if acknowledged && len(ids) != 1 || len(ids) > 1 {
			t.Errorf("%s: got streams %q", how, ids)
		}
		var want []string
		for _, id := range ids {
			d.wantStream(id, "COMPLETED")
			want = append(append([]string{"CREATED"}, expected(d.blocks("orders"))...), "COMPLETED")
		}
		if diff := cmp.Diff(want, d.sent(streamFile)); diff != "" {
			t.Errorf("%s: records (-want +got):\n%s", how, diff)
		}
	})
}
