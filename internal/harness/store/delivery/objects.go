package delivery

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// Objects is S3 as a directory of buckets. Its methods may be called from several goroutines; one process at a time
// may write to a directory.
type Objects struct {
	tree tree
	mu   sync.Mutex // held from the making of a file until it has its name
}

// NewObjects returns the buckets below dir, which is made when the first object comes; its parent must be there.
func NewObjects(dir string, o Options) *Objects { return &Objects{tree: newTree(dir, o)} }

// Put writes an object, in place of the one that has its key. When it returns nil the object is durable; when it
// returns an error the object is there whole or the former one is.
//
// Errors: *Refusal with the code NoSuchBucket, AccessDenied, KeyTooLongError or InternalError; that of ctx.
//
// Source: Amazon S3 API reference, PutObject, Error responses.
func (o *Objects) Put(ctx context.Context, object Object) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if object.Bucket != escape(object.Bucket) || strings.Contains(object.Bucket, "/") {
		return &Refusal{Code: "NoSuchBucket", Message: "The specified bucket does not exist"}
	}
	names, err := parts(object.Key)
	if err != nil {
		return &Refusal{Code: "KeyTooLongError", Message: "Your key is too long", Err: err}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	last := len(names) - 1
	dir, err := o.tree.make(append([]string{object.Bucket}, names[:last]...)...)
	if err == nil {
		err = o.tree.replace(dir, names[last], object.Body)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		return &Refusal{Code: "AccessDenied", Message: "Access Denied", Err: err}
	default:
		return &Refusal{
			Code: "InternalError", Message: "We encountered an internal error. Please try again.", Err: err,
		}
	}
}

var errDirectory = errors.New("objects are below this key as if it were a directory")

// replace makes body the content of a file: it is complete and durable before it gets its name.
func (t tree) replace(dir, name string, body []byte) error {
	if info, err := t.fs.Stat(filepath.Join(dir, name)); err == nil && info.Dir {
		return &fs.PathError{Op: "replace", Path: filepath.Join(dir, name), Err: errDirectory}
	}
	unnamed := filepath.Join(dir, partial+name)
	if err := t.fs.Remove(unnamed); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a process that was killed
		return err
	}
	f, err := t.fs.Create(unnamed)
	if err != nil {
		return err
	}
	if err := errors.Join(t.fill(f, body), f.Close()); err != nil {
		return errors.Join(err, t.fs.Remove(unnamed))
	}
	if err := t.fs.Rename(unnamed, filepath.Join(dir, name)); err != nil {
		return errors.Join(err, t.fs.Remove(unnamed))
	}
	return t.syncDir(dir)
}

func (t tree) fill(f disk.File, body []byte) error {
	if len(body) > 0 {
		if _, err := f.WriteAt(body, 0); err != nil {
			return err
		}
	}
	return t.sync(f)
}
