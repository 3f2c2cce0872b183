package local

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/segment"
)

// Names in a data directory.
const (
	lockName      = "LOCK"
	secretName    = "root.secret"
	newSecretName = "root.secret.new" // only while a directory is being initialised
	stateName     = "state"           // directory of the state's log
)

// directory is a data directory as a place on a file system.
type directory struct {
	fs     disk.FS
	path   string
	noSync bool
	step   int64
}

func (d directory) file(name string) string { return filepath.Join(d.path, name) }

// make creates the directory and those above it.
func (d directory) make(dir string) error {
	info, err := d.fs.Stat(dir)
	if err == nil && !info.Dir {
		return fmt.Errorf("%s: %w", dir, errNotDirectory)
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.make(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := d.fs.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// syncAbove makes the way to the directory durable. It goes up to the root, since a process that was killed may have
// made any of them and not synced it. Those that we may not even read were not made by us.
func (d directory) syncAbove() error {
	for dir := d.path; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		err := d.sync(filepath.Dir(dir))
		if err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	return nil
}

func (d directory) sync(dir string) error {
	if d.noSync {
		return nil
	}
	return d.fs.SyncDir(dir)
}

// content says how far a directory has come.
type content int

const (
	contentEmpty      content = iota // nothing of ours, nothing of others
	contentUnfinished                // an initialise was interrupted
	contentWhole
)

// look tells what is in the directory and refuses one that is not ours or has lost its root secret.
func (d directory) look() (content, error) {
	names, err := d.fs.List(d.path)
	if err != nil {
		return 0, err
	}
	switch {
	case slices.Contains(names, secretName):
		return contentWhole, nil
	case slices.Contains(names, newSecretName):
		return contentUnfinished, nil
	case slices.Contains(names, stateName):
		return 0, &MissingSecretError{Dir: d.path}
	}
	if others := slices.DeleteFunc(names, func(n string) bool { return n == lockName }); len(others) > 0 {
		return 0, &ForeignError{Dir: d.path, Entry: others[0]}
	}
	return contentEmpty, nil
}

// initialise makes a data directory out of an empty one.
//
// The root secret gets its name last, when the log that belongs to it is durable. So a directory without the name
// was never used, and one with the name is complete.
func (d directory) initialise(o Options) error {
	if err := d.syncAbove(); err != nil {
		return err
	}
	secret, err := createSecret(d.fs, d.file(newSecretName), o.Rand, d.noSync)
	if err != nil {
		return err
	}
	if err := d.sync(d.path); err != nil {
		return err
	}
	cfg, err := d.log(secret)
	if err != nil {
		return err
	}
	if err := d.fs.Mkdir(cfg.Dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := segment.Create(cfg); err != nil {
		return err
	}
	if err := d.sync(d.path); err != nil {
		return err
	}
	return d.nameSecret()
}

func (d directory) nameSecret() error {
	if err := d.fs.Rename(d.file(newSecretName), d.file(secretName)); err != nil {
		return fmt.Errorf("name root secret: %w", err)
	}
	return d.sync(d.path)
}

// resume goes on where an interrupted initialise stopped. It removes no segment: whatever led to this state, a log
// that belongs to the secret is kept, and a log that does not is refused.
func (d directory) resume(o Options) error {
	state := d.file(stateName)
	names, err := d.fs.List(state)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	unnamed := func(n string) bool { return strings.HasSuffix(n, segment.TempSuffix) }
	if slices.ContainsFunc(names, func(n string) bool { return !unnamed(n) }) {
		secret, err := readSecret(d.fs, d.file(newSecretName))
		if err != nil {
			return err
		}
		cfg, err := d.log(secret)
		if err != nil {
			return err
		}
		if err := segment.Verify(cfg, func(segment.Entry) error { return nil }); err != nil {
			return err
		}
		if err := d.sync(d.path); err != nil {
			return err
		}
		return d.nameSecret()
	}
	for _, n := range names {
		if err := d.fs.Remove(filepath.Join(state, n)); err != nil {
			return err
		}
	}
	if err := d.fs.Remove(d.file(newSecretName)); err != nil {
		return err
	}
	return d.initialise(o)
}

// log is the configuration of the state's log. Its id follows from the secret, so that a log never meets a secret
// it was not made with.
func (d directory) log(secret []byte) (segment.Config, error) {
	cfg := segment.Config{FS: d.fs, Dir: d.file(stateName), Step: d.step, NoSync: d.noSync}
	id, err := derive(secret, "state-log-id", len(cfg.ID))
	copy(cfg.ID[:], id)
	return cfg, err
}
