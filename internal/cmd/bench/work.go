package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// workRounds is how often the work of a key change is counted. The median leaves out what the harness happens to do
// besides, such as merging tables after many documents were inserted.
const workRounds = 9

// printWork prints how many calls of KMS a key change makes, and how many bytes the harness writes for it, to files and
// in its answers.
func (l *keyed) printWork(ctx context.Context, out io.Writer, documents int) error {
	var calls, written []int64
	for range workRounds {
		progress("%s: counting the work of a key change", l.name)
		before, err := l.kmsCalls(ctx)
		if err != nil {
			return err
		}
		bytes, err := l.server.written()
		if err != nil {
			return err
		}
		if err := l.change(ctx); err != nil {
			return err
		}
		if err := l.awaitRetired(ctx); err != nil {
			return err
		}
		bytesAfter, err := l.server.written()
		if err != nil {
			return err
		}
		after, err := l.kmsCalls(ctx)
		if err != nil {
			return err
		}
		calls, written = append(calls, after-before), append(written, bytesAfter-bytes)
	}
	progress("")
	_, err := fmt.Fprintf(out, "# a key change of %d documents: %d calls of KMS, %d bytes written\n", documents,
		median(calls), median(written))
	return err
}

// kmsCalls is how many calls of KMS about either key are in the trail.
func (l *keyed) kmsCalls(ctx context.Context) (n int64, err error) {
	for _, key := range l.keys {
		pages := cloudtrail.NewLookupEventsPaginator(l.trail, &cloudtrail.LookupEventsInput{
			LookupAttributes: []trailtypes.LookupAttribute{{
				AttributeKey: trailtypes.LookupAttributeKeyResourceName, AttributeValue: aws.String(key),
			}},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return 0, fmt.Errorf("count the calls of KMS about %s: %w", key, err)
			}
			for _, e := range page.Events {
				if strings.Contains(*e.CloudTrailEvent, `"qldb.amazonaws.com"`) { // not what this program asks
					n++
				}
			}
		}
	}
	return n, nil
}

// awaitRetired waits until the former key has no grant, which is the last that a key change does.
func (l *keyed) awaitRetired(ctx context.Context) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		left, err := l.kms.ListGrants(ctx, &kms.ListGrantsInput{KeyId: &l.keys[1]})
		if err != nil {
			return fmt.Errorf("list the grants on %s: %w", l.keys[1], err)
		}
		if len(left.Grants) == 0 {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// written is how many bytes the server's process has written, to files and connections alike.
//
// Source: proc(5), /proc/pid/io.
func (s *server) written() (n int64, err error) {
	return s.processFigure(fmt.Sprintf("/proc/%d/io", s.cmd.Process.Pid), "wchar:")
}

// peakMemory is the most memory that the server's process had in use so far, in words.
//
// Source: proc(5), /proc/pid/status.
func (s *server) peakMemory() string {
	n, err := s.processFigure(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid), "VmHWM:")
	if err != nil {
		return "an unknown amount"
	}
	return fmt.Sprintf("%d MB", n>>10)
}

// processFigure is the number after a name in a file that tells of a process.
func (s *server) processFigure(path, name string) (n int64, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("this figure needs Linux: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			_, err := fmt.Sscan(rest, &n)
			return n, err
		}
	}
	return 0, fmt.Errorf("%s says nothing of %s", path, name)
}
