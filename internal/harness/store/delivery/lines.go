package delivery

import (
	"bufio"
	"errors"
	"io"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// lines reads a file line by line.
type lines struct {
	in *bufio.Reader
	at int64
}

func newLines(f disk.File, size int64) *lines {
	return &lines{in: bufio.NewReaderSize(io.NewSectionReader(f, 0, size), 64<<10)}
}

// next returns a line with its end, and where it begins. The last one may lack its end. After it the error is io.EOF.
func (l *lines) next() (text []byte, at int64, err error) {
	at = l.at
	text, err = l.in.ReadBytes('\n')
	l.at += int64(len(text))
	if len(text) > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return text, at, err
}
