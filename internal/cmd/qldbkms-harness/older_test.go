package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// Amazon took QLDB out of its SDKs and its command line. Debian keeps releases that have it; they may stand behind
// newer ones on the PATH.

// pythonSDK is the first Python on the PATH whose boto3 knows QLDB, or "".
var pythonSDK = sync.OnceValue(func() string {
	return firstOnPath("python3", "-c", "import boto3; boto3.session.Session(region_name='x').client('qldb-session')")
})

// commandLine is the first AWS CLI on the PATH that knows QLDB, or "".
var commandLine = sync.OnceValue(func() string {
	return firstOnPath("aws", "qldb", "create-ledger", "--generate-cli-skeleton")
})

// firstOnPath is the first program of a name that ends well with the arguments.
func firstOnPath(name string, args ...string) string {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if exec.Command(path, args...).Run() == nil {
			return path
		}
	}
	return ""
}
