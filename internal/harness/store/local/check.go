package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/segment"
)

// Report is what Check found whole.
type Report struct {
	Items   int   // in the state
	Records int   // read from the log, from the last snapshot on
	Bytes   int64 // of the items, about
}

// Check reads everything in the data directory dir and changes nothing in it but LOCK, which it holds meanwhile.
// Errors are those of Open. A directory in which nothing was ever stored gives ErrEmpty.
func Check(ctx context.Context, dir string, o Options) (r Report, err error) {
	o, err = o.withDefaults()
	if err != nil {
		return Report{}, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return Report{}, fmt.Errorf("check data directory: %w", err)
	}
	d := directory{fs: o.FS, path: dir, step: o.SegmentBytes}
	is, err := d.look()
	if err != nil {
		return Report{}, opening(err)
	}
	if is != contentWhole {
		return Report{}, fmt.Errorf("check data directory %s: %w", dir, ErrEmpty)
	}
	release, err := d.lock(o.Command)
	if err != nil {
		return Report{}, opening(err)
	}
	r, err = d.check(ctx)
	if lock := release(); err == nil {
		err = lock
	}
	return r, opening(err)
}

// check reads a directory that is locked and complete.
func (d directory) check(ctx context.Context) (r Report, err error) {
	secret, err := readSecret(d.fs, d.file(secretName))
	if err != nil {
		return Report{}, err
	}
	cfg, err := d.log(secret)
	if err != nil {
		return Report{}, err
	}
	t := &tree{}
	replay := t.replay(ctx)
	err = segment.Verify(cfg, func(e segment.Entry) error {
		r.Records++
		return replay(e)
	})
	r.Items, r.Bytes = t.items.Len(), t.bytes
	return r, d.explain(err)
}

// replay returns what reads a log into t.
func (t *tree) replay(ctx context.Context) func(segment.Entry) error {
	return func(e segment.Entry) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.apply(e.Payload); err != nil {
			return &CorruptError{File: e.File, Offset: e.Offset, Reason: err.Error()}
		}
		return nil
	}
}

// explain turns a log without files into what it means here: root.secret got its name after the log.
func (d directory) explain(err error) error {
	if errors.Is(err, segment.ErrNoSegments) {
		return &CorruptError{File: d.file(stateName), Reason: "all files of the state are missing"}
	}
	return err
}
