package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/scenario"
)

// redraw is how often a bar is drawn anew.
const redraw = 100 * time.Millisecond

// bar shows progress in one line of a terminal, and nothing elsewhere.
type bar struct {
	out   io.Writer // nil elsewhere
	width int       // of the terminal, in columns

	mu    sync.Mutex
	drawn time.Time
}

func newBar(out io.Writer) *bar {
	file, ok := out.(*os.File)
	if !ok {
		return &bar{}
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return &bar{} // not a terminal
	}
	width := int(size.Col)
	if width == 0 {
		width = 80 // a terminal that does not know
	}
	return &bar{out: out, width: width}
}

// show draws p, unless the last drawing is recent.
func (b *bar) show(p scenario.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.out == nil || p.Done != p.Total && time.Since(b.drawn) < redraw {
		return
	}
	b.drawn = time.Now()
	fmt.Fprint(b.out, "\r\x1b[K"+barLine(p, b.width))
}

// clear removes the line.
func (b *bar) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.out != nil {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}

// barLine is p in less than width columns.
func barLine(p scenario.Progress, width int) string {
	const cells = 24
	full := min(p.Done*cells/max(p.Total, 1), cells)
	line := fmt.Sprintf("%s %s [%s%s] %d/%d %s", p.Scenario, p.Step, strings.Repeat("#", full),
		strings.Repeat(".", cells-full), p.Done, p.Total, p.Status)
	return line[:min(len(line), max(width-1, 0))]
}
