// Package delivery writes what leaves a ledger to files that stand for S3 buckets or Kinesis data streams.
//
//	<dir>/<bucket>/<key>                     an object, as Objects.Put got it
//	<dir>/<account>/<region>/<stream>.jsonl  the records of a data stream, one JSON object a line
//
// A bucket or a data stream is there as soon as something is written to it. The parts of a key become directories;
// what a file system could take for something else (the parts "." and "..", an empty part, a control character, any
// of \ : % * ? " < > |) is written as % and two hexadecimal digits, an empty part as a lone %. So no key leaves its
// bucket, and no two keys meet in one file. Only a key that is another one up to a slash finds its place taken.
//
// Promised: an object is there whole or not at all, also after a power cut; a record that was acknowledged stays, and
// is there once. Not promised: the media type of an object, which a file does not keep, and secrecy: what is
// delivered has left the encryption of its ledger.
//
// Errors are a *Refusal, in the words of the AWS service, with the cause inside. The clients of the AWS SDK return
// errors of the same shape, so that they can stand in for this package.
package delivery

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// An Object is what one PutObject of S3 carries.
type Object struct {
	Bucket      string
	Key         string
	ContentType string
	Body        []byte

	// What S3 needs besides; files have no use for it.
	Region     string
	RoleARN    string // whom to write as
	Encryption string // SSE_KMS, SSE_S3 or NO_ENCRYPTION
	KMSKeyARN  string // with SSE_KMS
}

// A Target is a Kinesis data stream.
type Target struct {
	Account, Region, Name string
	RoleARN               string // whom to write as; files have no use for it
}

// A Record is what one entry of Kinesis PutRecords carries.
//
// A producer numbers what it sends from 0; a record holds Count of it from First on, more than one in an aggregate.
type Record struct {
	PartitionKey string
	Data         []byte
	Producer     string // ARN of the QLDB stream
	First, Count uint64
}

// A Refusal is the answer of a service that did not do what it was asked.
type Refusal struct {
	Code    string // such as AccessDenied
	Message string
	Err     error // what the file system said
}

func (e *Refusal) Error() string {
	text := e.Code + ": " + e.Message
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns what the file system said.
func (e *Refusal) Unwrap() error { return e.Err }

// ErrorCode is the code of the service.
func (e *Refusal) ErrorCode() string { return e.Code }

// ErrorMessage is the text of the service.
func (e *Refusal) ErrorMessage() string { return e.Message }

// Options say how files are written. The zero value is right for programs.
type Options struct {
	FS     disk.FS // nil: the machine's file system
	NoSync bool    // leave out every sync: a power cut may then lose or damage what was delivered
}

// tree is a directory with what is below it. Its owner calls one method at a time.
type tree struct {
	fs     disk.FS
	root   string
	noSync bool
	made   map[string]bool // directories known to be durable
}

func newTree(root string, o Options) tree {
	t := tree{fs: o.FS, root: root, noSync: o.NoSync, made: map[string]bool{}}
	if t.fs == nil {
		t.fs = disk.OS()
	}
	return t
}

// make makes the directory below the root that parts lead to, durably, and returns its path.
func (t tree) make(parts ...string) (string, error) {
	dir := filepath.Dir(t.root)
	for _, part := range append([]string{filepath.Base(t.root)}, parts...) {
		above := dir
		dir = filepath.Join(dir, part)
		err := t.fs.Mkdir(dir)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		if err != nil && t.made[dir] {
			continue
		}
		// Also when it was there: a process that was killed may have made it and not synced it.
		if err := t.syncDir(above); err != nil {
			return "", err
		}
		t.made[dir] = true
	}
	return dir, nil
}

func (t tree) syncDir(dir string) error {
	if t.noSync {
		return nil
	}
	return t.fs.SyncDir(dir)
}

func (t tree) sync(f disk.File) error {
	if t.noSync {
		return nil
	}
	return f.Sync()
}
