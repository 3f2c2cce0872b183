// Package fuzzed keeps what fuzzing found beside the targets that found it, so that every run of the tests tries it
// again.
//
// A package's testdata/fuzzed.txt has a line for each input: the name of the target, then its arguments, each as a Go
// string literal. "make fuzz" makes the file anew.
package fuzzed

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// File is where a package keeps its inputs.
var File = filepath.Join("testdata", "fuzzed.txt")

// An Input is one call of a target.
type Input struct {
	Target    string
	Arguments []string // a []byte as a string of the same bytes
}

// Inputs are those of the target f, for f.Add.
func Inputs(f *testing.F) [][]string {
	f.Helper()
	all, err := Read(File)
	if err != nil {
		f.Fatal(err)
	}
	var list [][]string
	for _, in := range all {
		if in.Target == f.Name() {
			list = append(list, in.Arguments)
		}
	}
	if len(list) == 0 {
		f.Fatalf("%s has nothing of %s", File, f.Name())
	}
	return list
}

// Read reads a file of inputs.
func Read(name string) ([]Input, error) {
	raw, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	var list []Input
	lines := bufio.NewScanner(raw)
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		in, err := parse(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
		list = append(list, in)
	}
	return list, lines.Err()
}

func parse(line string) (Input, error) {
	target, rest, _ := strings.Cut(line, " ")
	in := Input{Target: target}
	for rest != "" {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return in, fmt.Errorf("argument %d is no string literal: %w", len(in.Arguments)+1, err)
		}
		argument, err := strconv.Unquote(quoted)
		if err != nil {
			return in, fmt.Errorf("argument %d: %w", len(in.Arguments)+1, err)
		}
		in.Arguments = append(in.Arguments, argument)
		rest = strings.TrimPrefix(rest[len(quoted):], " ")
	}
	return in, nil
}

// String is the line of an input.
func (in Input) String() string {
	words := []string{in.Target}
	for _, argument := range in.Arguments {
		words = append(words, strconv.QuoteToASCII(argument))
	}
	return strings.Join(words, " ")
}

// Write replaces a file by inputs, each once, ordered by target and length.
func Write(name string, list []Input) error {
	lines := make([]string, 0, len(list))
	for _, in := range list {
		lines = append(lines, in.String())
	}
	slices.SortFunc(lines, func(a, b string) int {
		if by := strings.Compare(targetOf(a), targetOf(b)); by != 0 {
			return by
		}
		if by := len(a) - len(b); by != 0 {
			return by
		}
		return strings.Compare(a, b)
	})
	lines = slices.Compact(lines)
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(line + "\n")
	}
	return os.WriteFile(name, []byte(text.String()), 0o644)
}

func targetOf(line string) string {
	target, _, _ := strings.Cut(line, " ")
	return target
}
