//go:build !linux

package disk

import "os"

func allocate(f *os.File, size int64) error { return f.Truncate(size) }

// syncData uses the strongest call the system has: on macOS, os.File.Sync is F_FULLFSYNC.
func syncData(f *os.File) error { return f.Sync() }
