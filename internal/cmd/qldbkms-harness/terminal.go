//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// onTerminal says that we are in the foreground process group of a terminal, so that its Ctrl-C reaches our child too.
func onTerminal() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	foreground, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}
