package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// Records is Kinesis as a directory of files. Its methods may be called from several goroutines; one process at a time
// may write to a directory.
//
// A file is read once, before the first record is added to it, to learn which records are in it.
type Records struct {
	tree tree
	now  func() time.Time

	mu    sync.Mutex       // held for the whole of a call
	files map[string]*file // by path, those that were read
}

// file is what is durable in the file of a data stream.
type file struct {
	size int64             // bytes
	line uint64            // sequence number of the next line
	next map[string]uint64 // by producer: the number of what it sends next
}

// line is a record as it is written. The first four members are those of Kinesis GetRecords.
type line struct {
	SequenceNumber              string
	ApproximateArrivalTimestamp float64 // seconds since 1970
	PartitionKey                string
	Data                        []byte
	Producer                    string
	First, Count                uint64
}

// NewRecords returns the data streams below dir, which is made when the first is used; its parent must be there.
// now is the time of arrival.
func NewRecords(dir string, now func() time.Time, o Options) *Records {
	return &Records{tree: newTree(dir, o), now: now, files: map[string]*file{}}
}

// Check finds out whether records can be appended.
//
// Errors: *Refusal with the code ResourceNotFoundException, AccessDeniedException or InternalFailure; that of ctx.
//
// Source: Amazon Kinesis Data Streams API reference, DescribeStream, Errors.
func (r *Records) Check(ctx context.Context, to Target) error { return r.Append(ctx, to, nil) }

// Append adds records to the end of a data stream, but for those that are there already: a producer that does not know
// whether its records arrived sends them again, with the same numbers. When it returns nil they are durable; when it
// returns an error some first ones may be there. Records that were on their way in a power cut may be there twice after
// their producer sent them again.
//
// Errors: as of Check.
func (r *Records) Append(ctx context.Context, to Target, records []Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !to.valid() {
		return to.missing(nil)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.append(to, records)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		return &Refusal{
			Code:    "AccessDeniedException",
			Message: "not authorized to perform: kinesis:PutRecords on resource: " + to.Name, Err: err,
		}
	default:
		return &Refusal{Code: "InternalFailure", Message: "The request processing has failed.", Err: err}
	}
}

var (
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm  = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	nameForm    = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)
)

// valid says that t can be a data stream. Such names lead nowhere else, for ".jsonl" comes after them.
func (t Target) valid() bool {
	return accountForm.MatchString(t.Account) && regionForm.MatchString(t.Region) && nameForm.MatchString(t.Name)
}

func (t Target) missing(err error) error {
	return &Refusal{
		Code: "ResourceNotFoundException", Err: err,
		Message: fmt.Sprintf("Stream %s under account %s not found.", t.Name, t.Account),
	}
}

func (r *Records) append(to Target, records []Record) error {
	dir, err := r.tree.make(to.Account, to.Region)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, to.Name+".jsonl")
	f, err := r.open(dir, path)
	if err != nil {
		return err
	}
	return errors.Join(r.write(f, path, records), f.Close())
}

// open opens the file at path for writing and makes it where there is none.
func (r *Records) open(dir, path string) (disk.File, error) {
	f, err := r.tree.fs.Open(path, true)
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = r.tree.fs.Create(path); err != nil {
			return nil, err
		}
	} else if err != nil || r.files[path] != nil {
		return f, err
	}
	if err := r.tree.syncDir(dir); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (r *Records) write(f disk.File, path string, records []Record) error {
	size, err := f.Size()
	if err != nil {
		return err
	}
	known := r.files[path]
	// New to us, or a write has failed, or somebody changed the file or took it away.
	if known == nil || size != known.size {
		if known, err = r.read(f, size); err != nil {
			return err
		}
		r.files[path] = known
	}
	text, after, err := known.encode(records, r.now())
	if err != nil || len(text) == 0 {
		return err
	}
	if _, err := f.WriteAt(text, size); err != nil {
		return err
	}
	if err := r.tree.sync(f); err != nil {
		return err
	}
	r.files[path] = after
	return nil
}

// encode writes the records that are not in the file. after is the file with them.
func (k *file) encode(records []Record, now time.Time) (text []byte, after *file, err error) {
	after = &file{line: k.line, next: maps.Clone(k.next)}
	for _, rec := range records {
		if rec.First+rec.Count <= after.next[rec.Producer] {
			continue
		}
		encoded, err := json.Marshal(line{
			SequenceNumber:              fmt.Sprintf("%056d", after.line),
			ApproximateArrivalTimestamp: float64(now.UnixMilli()) / 1000,
			PartitionKey:                rec.PartitionKey, Data: rec.Data,
			Producer: rec.Producer, First: rec.First, Count: rec.Count,
		})
		if err != nil {
			return nil, nil, err
		}
		text = append(append(text, encoded...), '\n')
		after.line++
		after.next[rec.Producer] = rec.First + rec.Count
	}
	after.size = k.size + int64(len(text))
	return text, after, nil
}

// read learns what is in a file, and makes it durable. What a crash left of lines that were not acknowledged, which is
// a line without its end or one with holes of zeros, is overwritten with blanks: JSON allows them before the next line.
func (r *Records) read(f disk.File, size int64) (*file, error) {
	k := &file{size: size, next: map[string]uint64{}}
	in := newLines(f, size)
	for {
		text, at, err := in.next()
		switch {
		case errors.Is(err, io.EOF):
			return k, r.settle(f, size)
		case err != nil:
			return nil, err
		}
		var l line
		ended := bytes.HasSuffix(text, []byte{'\n'})
		switch {
		case ended && json.Unmarshal(text, &l) == nil:
			k.see(l)
		case !ended || bytes.IndexByte(text, 0) >= 0:
			if _, err := f.WriteAt(bytes.Repeat([]byte{' '}, len(text)), at); err != nil {
				return nil, err
			}
		}
	}
}

// maxAppend is more than one Append of a QLDB stream writes, in bytes.
const maxAppend = 16 << 20

// settle makes a file durable whose end another process may have written without a sync, or with one that failed.
// After such a sync the end can be read and is nevertheless on no disk, so it is written again.
func (r *Records) settle(f disk.File, size int64) error {
	if r.tree.noSync || size == 0 {
		return nil
	}
	end := make([]byte, min(size, maxAppend))
	if _, err := f.ReadAt(end, size-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if _, err := f.WriteAt(end, size-int64(len(end))); err != nil {
		return err
	}
	return r.tree.sync(f)
}

// see counts a line. One that comes after a hole does not count: its producer sends it again with what fills the hole.
func (k *file) see(l line) {
	if n, err := strconv.ParseUint(l.SequenceNumber, 10, 64); err == nil {
		k.line = max(k.line, n+1)
	}
	if l.First <= k.next[l.Producer] {
		k.next[l.Producer] = max(k.next[l.Producer], l.First+l.Count)
	}
}
