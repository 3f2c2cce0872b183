//go:build !unix || solaris || aix

package disk

import (
	"errors"
	"os"
)

// lockFile refuses: without a lock that dies with its holder, two processes could write one directory.
func lockFile(*os.File) (held bool, err error) { return false, errors.ErrUnsupported }

func unlockFile(*os.File) error { return nil }
