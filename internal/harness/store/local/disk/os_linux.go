package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate reserves the blocks, so that a full disk shows here rather than under a record.
func allocate(f *os.File, size int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), 0, 0, size)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EOPNOTSUPP):
			return f.Truncate(size)
		case err != nil:
			return &os.PathError{Op: "allocate", Path: f.Name(), Err: err}
		default:
			return nil
		}
	}
}

// syncData leaves out the times of the file, which nobody reads; fdatasync(2) includes the size.
func syncData(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return &os.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
		default:
			return nil
		}
	}
}
