#!/bin/sh
# Runs README's "A protected ledger" to the letter: its first Terraform block as ~/orders/main.tf, its first block of
# commands in a shell that begins in this repository. Home is the directory $1.
set -eu
cd "$(dirname "$0")/../.."
block() { # the first block of a language in that section
	awk -v fence="\`\`\`$1" '/^## / { here = $0 == "## A protected ledger" }
		here && inside && $0 == "```" { exit }
		here && inside { print }
		here && $0 == fence { inside = 1 }' README.md
}
GOPATH=$(go env GOPATH) GOCACHE=$(go env GOCACHE) # which are at home otherwise
export GOPATH GOCACHE
mkdir -p "$1/orders" "$1/bin"
HOME=$(cd "$1" && pwd)
ln -sf "$(internal/tools/engine.sh)" "$HOME/bin/terraform"
block terraform >"$HOME/orders/main.tf"
block sh >"$HOME/commands.sh"
TF_CLI_ARGS_apply=-auto-approve
PATH=$HOME/bin:$PATH
export HOME PATH TF_CLI_ARGS_apply
. "$HOME/commands.sh"
