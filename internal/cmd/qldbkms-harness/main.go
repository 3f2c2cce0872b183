// Command qldbkms-harness runs ledgers, keys, plus who may use them, behind the AWS wire protocols.
//
//	qldbkms-harness run -- terraform apply    a harness around one command
//	qldbkms-harness serve                     a harness in the foreground
//	qldbkms-harness env                       exports for a shell, from a running harness
//	qldbkms-harness scenario all              an application while the key of its ledger changes
//	qldbkms-harness verify                    checks everything in a data directory
//	qldbkms-harness dump --ledger orders      the journal of a ledger as Ion text
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

var version = "dev"

func main() {
	os.Exit(execute(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// exitCode ends the program with a code that is not an error of ours, such as that of a child.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func execute(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := &cobra.Command{
		Use:           "qldbkms-harness",
		Short:         "Ledgers and the keys that protect them, behind the AWS wire protocols",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	root.AddCommand(newServe(), newRun(), newEnv(), newScenario(), newVerify(), newDump())
	pointToHelp(root)
	err := root.ExecuteContext(ctx)
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	default:
		fmt.Fprintln(errOut, "Error: "+err.Error())
		return 1
	}
}
